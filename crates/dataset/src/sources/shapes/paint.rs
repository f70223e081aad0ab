//! Drawing one image.

use std::f32::consts::TAU;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::form::Form;
use super::spec::Shapes;
use super::texture::Texture;
use crate::image::Image;
use crate::random::{Purpose, rng};

type Colour = [f32; 3];

/// The number of smaller forms behind the one that shows the class.
const MAX_DISTRACTORS: usize = 4;
/// The part of its share of the circle of hues that a range takes up: gaps are left between ranges.
const HUE_RANGE: f32 = 0.6;
/// The width of the range of hues that is usual for a class.
const HINT_RANGE: f32 = 0.1;
/// The step between the usual hues of neighbouring classes: the golden ratio keeps them far apart.
const GOLDEN: f32 = 0.618_034;
/// The background's contrast, as a share of the form's.
const BACKGROUND_CONTRAST: f32 = 0.5;

/// A textured form, or the background if `form` is `None`. Lengths are fractions of the image's
/// side.
struct Figure {
    form: Option<Form>,
    texture: Texture,
    centre: [f32; 2],
    size: f32,
    /// Cosine and sine of the angle that the form is turned by; then of the texture's.
    direction: [f32; 2],
    texture_direction: [f32; 2],
    /// Periods of the texture along the image's side.
    frequency: f32,
    colours: [Colour; 2],
    /// From 0 to 1, which hides everything behind the figure.
    opacity: f32,
}

/// Draws image `index` of class `label`: the same image every time.
pub(super) fn render(shapes: &Shapes, purpose: Purpose, index: usize, label: u32) -> Image {
    let mut rng = rng(shapes.seed, purpose, 0, index as u64);
    let figures = figures(shapes, label as usize, &mut rng);
    let side = shapes.size;
    let light = [rng.random_range(-0.15..0.15), rng.random_range(-0.15..0.15)];
    let noise = rng.random_range(0.01..0.08);
    let mut pixels = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            let at = [x, y].map(|v| (v as f32 + 0.5) / side as f32);
            let mut colour = [0.0; 3];
            figures.iter().for_each(|figure| figure.paint(at, side, &mut colour));
            let brighter: f32 = (0..2).map(|axis| light[axis] * (2.0 * at[axis] - 1.0)).sum();
            // The sum of three uniform samples is nearly normal, with a standard deviation of 1.
            let mut grain = || (0..3).map(|_| rng.random_range(-1.0..1.0)).sum::<f32>() * noise;
            pixels.extend(colour.map(|v| ((v + brighter + grain()) * 255.0).round() as u8));
        }
    }
    Image { height: side, width: side, channels: 3, pixels }
}

/// The background, the distractors, and last the form that shows the class.
fn figures(shapes: &Shapes, class: usize, rng: &mut ChaCha8Rng) -> Vec<Figure> {
    let [form, texture, hue] = shapes.attributes(class);
    let [_, textures, hues] = shapes.axes();
    let any_form = |rng: &mut ChaCha8Rng| Form::ALL[rng.random_range(0..Form::ALL.len())];
    let any_texture = |rng: &mut ChaCha8Rng| Texture::ALL[rng.random_range(0..Texture::ALL.len())];
    let (background, any_hue) = (any_texture(rng), rng.random());
    let mut ground = figure(None, background, any_hue, rng);
    let [first, second] = ground.colours;
    ground.colours[1] = [0, 1, 2].map(|i| first[i] + BACKGROUND_CONTRAST * (second[i] - first[i]));
    let mut figures = vec![ground];
    for _ in 0..rng.random_range(0..=MAX_DISTRACTORS) {
        let (form, texture, hue) = (any_form(rng), any_texture(rng), rng.random());
        let mut figure = figure(Some(form), texture, hue, rng);
        figure.size = rng.random_range(0.06..0.13);
        figure.centre = [(); 2].map(|()| rng.random_range(0.0..1.0));
        figure.opacity = rng.random_range(0.4..0.9);
        figures.push(figure);
    }
    let hints = shapes.hints as f64 / 100.0;
    let texture = match (textures, rng.random_bool(hints)) {
        (1, true) => Texture::ALL[class % Texture::ALL.len()],
        (1, false) => any_texture(rng),
        _ => Texture::ALL[texture],
    };
    let hue = match (hues, rng.random_bool(hints)) {
        (1, false) => rng.random(),
        (1, true) => GOLDEN * class as f32 + HINT_RANGE * (rng.random::<f32>() - 0.5),
        _ => (hue as f32 + HUE_RANGE * rng.random::<f32>()) / hues as f32,
    };
    figures.push(figure(Some(Form::ALL[form]), texture, hue, rng));
    figures
}

/// A figure of the given form, texture and hue; everything else is random.
fn figure(form: Option<Form>, texture: Texture, hue: f32, rng: &mut ChaCha8Rng) -> Figure {
    let [direction, texture_direction] = [(); 2].map(|()| {
        let angle = TAU * rng.random::<f32>();
        [angle.cos(), angle.sin()]
    });
    let size = rng.random_range(0.2..0.42);
    let margin = 0.6 * size;
    let (saturation, value) = (rng.random_range(0.3..1.0), rng.random_range(0.25..1.0));
    // The second colour is far enough from the first for the texture to be seen.
    let step = rng.random_range(0.35..0.6);
    let other_value = if value > 0.6 { value - step } else { value + step };
    let other_hue = hue + rng.random_range(-0.08..0.08);
    Figure {
        form,
        texture,
        centre: [(); 2].map(|()| rng.random_range(margin..1.0 - margin)),
        size,
        direction,
        texture_direction,
        frequency: rng.random_range(4.0..8.0),
        colours: [colour(hue, saturation, value), colour(other_hue, saturation, other_value)],
        opacity: rng.random_range(0.75..1.0),
    }
}

impl Figure {
    /// Whether a point, as seen from the centre, is surely farther than the edge from the form.
    fn is_beyond(&self, [x, y]: [f32; 2], side: usize) -> bool {
        let radius = self.size * Form::radius_beyond(0.5 / (self.size * side as f32));
        x * x + y * y > radius * radius
    }

    /// Blends the figure over the colour `under` of the point `at`.
    fn paint(&self, at: [f32; 2], side: usize, under: &mut Colour) {
        let from_centre = [at[0] - self.centre[0], at[1] - self.centre[1]];
        let cover = match self.form {
            None => 1.0,
            Some(form) => {
                if self.is_beyond(from_centre, side) {
                    return;
                }
                let [x, y] = turned(from_centre, self.direction).map(|v| v / self.size);
                // The edge is one pixel wide.
                let pixels = form.distance(x, y) * self.size * side as f32;
                self.opacity * (0.5 - pixels).clamp(0.0, 1.0)
            }
        };
        if cover == 0.0 {
            return;
        }
        let [x, y] = turned(from_centre, self.texture_direction).map(|v| v * self.frequency);
        let share = self.texture.share(x, y);
        for (channel, under) in under.iter_mut().enumerate() {
            let [first, second] = self.colours.map(|colour| colour[channel]);
            *under += cover * (first + share * (second - first) - *under);
        }
    }
}

fn turned([x, y]: [f32; 2], [cos, sin]: [f32; 2]) -> [f32; 2] {
    [x * cos + y * sin, y * cos - x * sin]
}

/// A colour from hue (any number: only its fractional part counts), saturation and value.
fn colour(hue: f32, saturation: f32, value: f32) -> Colour {
    [5.0, 3.0, 1.0].map(|shift| {
        let k = (shift + 6.0 * hue).rem_euclid(6.0);
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}
