//! Procedural images: textured forms before a busy background. No files are needed.
//!
//! A class is a form, above 12 classes with a texture, and above 96 with a range of hues. All else is
//! random: place, size, direction, colours, contrast, light, the textured background with smaller
//! forms on it, noise. Half of the images hint at their class by a texture, and half by a hue, that is
//! usual for it: what small networks learn first, as they do on photos.

mod form;
mod paint;
mod texture;

use std::fmt;
use std::str::FromStr;

use crate::error::DataError;
use crate::image::hash;
use crate::load::{Loaded, Part};
use crate::random::Purpose;
use crate::samples::{Normalisation, Sample, Stored};
use form::Form;
use texture::Texture;

pub(crate) use paint::render;

/// Twelve forms, eight textures, ten ranges of hues.
const MOST_CLASSES: usize = 960;
const LEAST_SIZE: usize = 8;
const MOST_SIZE: usize = 1_024;
const MOST_IMAGES: usize = 100_000_000;

/// How many images of how many classes; as text `classes=10,size=32,train=20000,test=4000,seed=0`,
/// each of them optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// 2 to 960.
    pub classes: usize,
    /// Height and width, 8 to 1024.
    pub size: usize,
    /// Images to train on, the hold-out among them; at least one of each class.
    pub train: usize,
    /// Images to test on; at least one of each class.
    pub test: usize,
    /// Another seed gives other images of the same kind.
    pub seed: u64,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { classes: 10, size: 32, train: 20_000, test: 4_000, seed: 0 }
    }
}

impl FromStr for Shapes {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut shapes = Self::default();
        for option in text.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = |_| DataError::setting(&format!("shapes:{name}"), value, "whole numbers");
            let size = || value.parse().map_err(number);
            match name {
                "classes" => shapes.classes = size()?,
                "size" => shapes.size = size()?,
                "train" => shapes.train = size()?,
                "test" => shapes.test = size()?,
                "seed" => shapes.seed = value.parse().map_err(number)?,
                _ => {
                    let allowed = "classes, size, train, test, seed";
                    return Err(DataError::setting("shapes", name, allowed));
                }
            }
        }
        shapes.check()?;
        Ok(shapes)
    }
}

impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { classes, size, train, test, seed } = self;
        write!(f, "classes={classes},size={size},train={train},test={test},seed={seed}")
    }
}

impl Shapes {
    fn check(&self) -> Result<(), DataError> {
        for (name, value, least, most) in [
            ("classes", self.classes, 2, MOST_CLASSES),
            ("size", self.size, LEAST_SIZE, MOST_SIZE),
            ("train", self.train, self.classes, MOST_IMAGES),
            ("test", self.test, self.classes, MOST_IMAGES),
        ] {
            if !(least..=most).contains(&value) {
                let allowed = format!("{least} to {most}");
                return Err(DataError::setting(&format!("shapes:{name}"), value, allowed));
            }
        }
        Ok(())
    }

    /// How many forms, textures and ranges of hues tell classes apart.
    fn axes(&self) -> [usize; 3] {
        let forms = self.classes.min(Form::ALL.len());
        let textures = self.classes.div_ceil(forms).min(Texture::ALL.len());
        [forms, textures, self.classes.div_ceil(forms * textures)]
    }

    /// Index of a class' form, texture and range of hues.
    fn attributes(&self, class: usize) -> [usize; 3] {
        let [forms, textures, _] = self.axes();
        [class % forms, class / forms % textures, class / forms / textures]
    }

    fn name(&self, class: usize) -> String {
        let [form, texture, hue] = self.attributes(class);
        let (form, texture) = (Form::ALL[form], Texture::ALL[texture]);
        let name = match self.axes() {
            [_, 1, 1] => format!("{form:?}"),
            [_, _, 1] => format!("{form:?} {texture:?}"),
            _ => format!("{form:?} {texture:?} {hue}"),
        };
        name.to_lowercase()
    }
}

pub(crate) fn load(shapes: &Shapes) -> Result<Loaded, DataError> {
    shapes.check()?;
    let part = |count: usize, purpose: Purpose| {
        let sample = |index: usize| {
            // Of what the image is drawn from: drawing it takes longer than reading a file.
            let key = [shapes.seed, purpose as u64, index as u64].map(u64::to_le_bytes).concat();
            Sample { index, label: (index % shapes.classes) as u32, hash: hash(&key) }
        };
        let samples = (0..count).map(sample).collect();
        Part { stored: Stored::Shapes { shapes: *shapes, purpose }, samples }
    };
    Ok(Loaded {
        classes: (0..shapes.classes).map(|class| shapes.name(class)).collect(),
        channels: 3,
        normalisation: Normalisation { mean: [0.5; 3], deviation: [0.25; 3] },
        train: part(shapes.train, Purpose::ShapesTrain),
        test: part(shapes.test, Purpose::ShapesTest),
        skipped: Vec::new(),
    })
}
