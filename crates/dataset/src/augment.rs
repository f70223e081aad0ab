//! From an image to the values that a network takes: crop, resize, flip, normalisation, cutout.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::image::Image;
use crate::resample::{Region, resampled};
use crate::store::Normalisation;

/// After so many random rectangles that do not fit, the central square is taken.
const MAX_DRAWS: usize = 10;

/// Which part of an image is used. It is scaled to the resolution of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Crop {
    /// The largest square in the middle of the image: for evaluation.
    Central,
    /// The central square, scaled, is padded with `padding` black pixels on each side, and a random
    /// square of the original size is cut out of it (torchvision's `RandomCrop`; He et al. 2016,
    /// section 4.2: 4 pixels for CIFAR-10).
    Padded {
        /// Black pixels on each side, at most as many as the batch's resolution.
        padding: usize,
    },
    /// A random rectangle of at least `smallest_area` of the image's area, with an aspect ratio
    /// from 3/4 to 4/3 (torchvision's `RandomResizedCrop`; Szegedy et al. 2015, section 6: 0.08 for
    /// ImageNet).
    Resized {
        /// A share of the image's area, above 0 and at most 1.
        smallest_area: f32,
    },
}

/// Whether images are mirrored at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flip {
    /// No image is mirrored.
    Never,
    /// Left and right are swapped in half of the images.
    Horizontal,
}

/// Whether a square is blanked out with the mean colour. It is centred on a random pixel, so that
/// it may lie partly outside the image (DeVries and Taylor 2017, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutout {
    /// No square is blanked out.
    Never,
    /// One square is blanked out in every image.
    Square {
        /// The side of the square in pixels.
        side: usize,
    },
}

/// The random augmentation of images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// Which part of the image is used.
    pub crop: Crop,
    /// Whether images are mirrored.
    pub flip: Flip,
    /// Whether a square is blanked out.
    pub cutout: Cutout,
}

impl Augment {
    /// The central square without any random change: for evaluation.
    pub const NONE: Self = Self { crop: Crop::Central, flip: Flip::Never, cutout: Cutout::Never };
}

/// Writes the augmented and normalised image to `out`, as `[side, side, channels]`.
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
    // None in the padding, which is black.
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

/// The normalised value of each 8-bit value, channel by channel.
fn table(Normalisation { mean, std }: &Normalisation) -> [[f32; 256]; 3] {
    std::array::from_fn(|channel| {
        std::array::from_fn(|value| (value as f32 / 255.0 - mean[channel]) / std[channel])
    })
}

fn random_region(image: &Image, smallest_area: f32, rng: &mut ChaCha8Rng) -> Region {
    let (height, width) = (image.height as f32, image.width as f32);
    for _ in 0..MAX_DRAWS {
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
