//! What the procedural images are like, and what makes a class.

use std::fmt;
use std::str::FromStr;

use super::form::Form;
use super::texture::Texture;
use crate::error::DataError;

/// Twelve forms, eight textures, ten ranges of hues.
const MAX_CLASSES: usize = 960;
const MIN_SIZE: usize = 8;
const MAX_SIZE: usize = 1_024;
const MAX_HINTS: usize = 100;
const MAX_IMAGES: usize = 100_000_000;

/// The number, size and classes of the procedural images of
/// [`Source::Shapes`](crate::Source::Shapes).
///
/// As text, a list such as `classes=10,size=48,hints=90,train=20000,test=4000,seed=0`. What the text leaves
/// out has the value in this example, which is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// The number of classes, 2 to 960.
    pub classes: usize,
    /// Height and width of every image in pixels, 8 to 1024. At the default of 48, the last map of a
    /// network of stride 32 still has more than one pixel.
    pub size: usize,
    /// How many images of a hundred have the hue that is usual for their class, and likewise the
    /// texture, 0 to 100. The more there are, the sooner small networks learn.
    pub hints: usize,
    /// The number of training images, including the hold-out: at least one for each class.
    pub train: usize,
    /// The number of test images: at least one for each class.
    pub test: usize,
    /// Another seed gives other images of the same kind.
    pub seed: u64,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { classes: 10, size: 48, hints: 90, train: 20_000, test: 4_000, seed: 0 }
    }
}

impl FromStr for Shapes {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut shapes = Self::default();
        for option in text.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = |_| DataError::setting(&format!("shapes:{name}"), value, "a whole number");
            let size = || value.parse().map_err(number);
            match name {
                "classes" => shapes.classes = size()?,
                "size" => shapes.size = size()?,
                "hints" => shapes.hints = size()?,
                "train" => shapes.train = size()?,
                "test" => shapes.test = size()?,
                "seed" => shapes.seed = value.parse().map_err(number)?,
                _ => {
                    let expected = "classes, size, hints, train, test, seed";
                    return Err(DataError::setting("shapes", name, expected));
                }
            }
        }
        shapes.check()?;
        Ok(shapes)
    }
}

impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { classes, size, hints, train, test, seed } = self;
        write!(
            f,
            "classes={classes},size={size},hints={hints},train={train},test={test},seed={seed}"
        )
    }
}

impl Shapes {
    pub(super) fn check(&self) -> Result<(), DataError> {
        for (name, value, min, max) in [
            ("classes", self.classes, 2, MAX_CLASSES),
            ("size", self.size, MIN_SIZE, MAX_SIZE),
            ("hints", self.hints, 0, MAX_HINTS),
            ("train", self.train, self.classes, MAX_IMAGES),
            ("test", self.test, self.classes, MAX_IMAGES),
        ] {
            if !(min..=max).contains(&value) {
                let expected = format!("{min} to {max}");
                return Err(DataError::setting(&format!("shapes:{name}"), value, expected));
            }
        }
        Ok(())
    }

    /// How many forms, textures and ranges of hues there are to tell the classes apart.
    pub(super) fn axes(&self) -> [usize; 3] {
        let forms = self.classes.min(Form::ALL.len());
        let textures = self.classes.div_ceil(forms).min(Texture::ALL.len());
        [forms, textures, self.classes.div_ceil(forms * textures)]
    }

    /// The index of a class's form, texture and range of hues.
    pub(super) fn attributes(&self, class: usize) -> [usize; 3] {
        let [forms, textures, _] = self.axes();
        [class % forms, class / forms % textures, class / forms / textures]
    }

    /// The name of a class: `star`, `star stripes` or `star stripes 3`.
    pub(super) fn class_name(&self, class: usize) -> String {
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
