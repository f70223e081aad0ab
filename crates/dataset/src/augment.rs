//! From an image to the numbers that a network takes.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::image::Image;
use crate::resample::{Region, resampled};
use crate::samples::Normalisation;

/// Tries at a random rectangle before the central square is taken.
const TRIES: usize = 10;

/// Which part of an image is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Crop {
    /// The largest square in the middle, scaled: for evaluation.
    Central,
    /// That square in a black frame of `padding` pixels, a random part of which is as large as the
    /// square (He et al. 2016, section 4.2: 4 pixels for CIFAR-10).
    Padded {
        /// Width of the frame.
        padding: usize,
    },
    /// A random rectangle of `smallest_area` to all of the image's area and a ratio of sides from
    /// 3/4 to 4/3, scaled (Szegedy et al. 2015, section 6: 0.08 for ImageNet).
    Resized {
        /// Share of the image's area, above 0 up to 1.
        smallest_area: f32,
    },
}

/// Mirror images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flip {
    /// None.
    Never,
    /// Left and right change sides in half of the images.
    Horizontal,
}

/// A square of the mean colour at a random place, partly outside of the image (DeVries and Taylor
/// 2017, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutout {
    /// None.
    Never,
    /// In every image.
    Square {
        /// In pixels.
        side: usize,
    },
}

/// What is done to images at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// Which part.
    pub crop: Crop,
    /// Mirror images.
    pub flip: Flip,
    /// Covered squares.
    pub cutout: Cutout,
}

impl Augment {
    /// Nothing at random: for evaluation.
    pub const NONE: Self = Self { crop: Crop::Central, flip: Flip::Never, cutout: Cutout::Never };
}

/// Writes the image as `[side, side, channels]`, normalised, to `out`.
pub(crate) fn prepare(
    image: &Image,
    side: usize,
    augment: &Augment,
    normalisation: &Normalisation,
    rng: &mut ChaCha8Rng,
    out: &mut [f32],
) {
    let region = match augment.crop {
        Crop::Resized { smallest_area } => random_region(image, smallest_area, rng),
        Crop::Central | Crop::Padded { .. } => Region::central_square(image),
    };
    let pixels = resampled(image, region, side);
    let (padding, [down, right]) = match augment.crop {
        Crop::Padded { padding } => (padding, [(); 2].map(|()| rng.random_range(0..=2 * padding))),
        Crop::Central | Crop::Resized { .. } => (0, [0, 0]),
    };
    let mirrored = augment.flip == Flip::Horizontal && rng.random();
    let channels = image.channels;
    let table = table(normalisation);
    // None in the frame, which is black.
    let inside = |at: usize, shift: usize| (at + shift).checked_sub(padding).filter(|&v| v < side);
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
    for ((y, x), out) in places.zip(out.chunks_exact_mut(channels)) {
        let x = if mirrored { side - 1 - x } else { x };
        let from = inside(y, down).zip(inside(x, right)).map(|(y, x)| (y * side + x) * channels);
        for (channel, out) in out.iter_mut().enumerate() {
            let pixel = from.map_or(0, |from| pixels[from + channel]);
            *out = table[channel][usize::from(pixel)];
        }
    }
    if let Cutout::Square { side: cut } = augment.cutout {
        let [rows, columns] = [(); 2].map(|()| {
            let centre = rng.random_range(0..side);
            centre.saturating_sub(cut / 2)..(centre + cut.div_ceil(2)).min(side)
        });
        for y in rows {
            out[(y * side + columns.start) * channels..(y * side + columns.end) * channels]
                .fill(0.0);
        }
    }
}

/// What each value of each channel becomes.
fn table(Normalisation { mean, deviation }: &Normalisation) -> [[f32; 256]; 3] {
    std::array::from_fn(|channel| {
        let number = |value: usize| (value as f32 / 255.0 - mean[channel]) / deviation[channel];
        std::array::from_fn(number)
    })
}

fn random_region(image: &Image, smallest_area: f32, rng: &mut ChaCha8Rng) -> Region {
    let (height, width) = (image.height as f32, image.width as f32);
    for _ in 0..TRIES {
        let area = rng.random_range(smallest_area..=1.0) * height * width;
        let ratio = rng.random_range((0.75_f32).ln()..=(4.0_f32 / 3.0).ln()).exp();
        let part_width = (area * ratio).sqrt().round() as usize;
        let part_height = (area / ratio).sqrt().round() as usize;
        if (1..=image.width).contains(&part_width) && (1..=image.height).contains(&part_height) {
            let top = rng.random_range(0..=image.height - part_height);
            let left = rng.random_range(0..=image.width - part_width);
            return Region { top, left, height: part_height, width: part_width };
        }
    }
    Region::central_square(image)
}
