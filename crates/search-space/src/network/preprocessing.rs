//! How images become the input of a network.

use serde::{Deserialize, Serialize};

use crate::error::Invalid;
use crate::network::Input;

/// What is done to an image of any size before a network takes it: the fields in this order. Its
/// height and width are then the network's [`Input::resolution`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// The colour channels that the image is converted to, in their order.
    pub channels: ChannelOrder,
    /// Which part of the image is used.
    pub crop: ImageCrop,
    /// How that part is resized.
    pub resize: ResizeFilter,
    /// The range to which the 8-bit values are scaled.
    pub range: ValueRange,
    /// What is then subtracted from each channel.
    pub mean: Vec<f32>,
    /// What each channel is divided by at last.
    pub std: Vec<f32>,
}

/// Colour channels and their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelOrder {
    /// One channel of luminance.
    Grey,
    /// Red, green, blue.
    Rgb,
}

/// Which part of an image is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageCrop {
    /// The largest square in the middle, cut out before the image is resized. An odd pixel is left
    /// out at the bottom or on the right.
    CentralSquare,
}

/// How an image is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResizeFilter {
    /// Bilinear, with a filter that is widened by the factor by which the image shrinks
    /// (antialiasing, as Pillow's `BILINEAR` has it). The result is rounded to 8 bits once.
    BilinearAntialiased,
}

/// A range of values that stands for 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueRange {
    /// 0 to 1.
    ZeroToOne,
}

impl ChannelOrder {
    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

impl Preprocessing {
    /// # Errors
    /// Channels that are not those of the network's input, or values with which an input would not
    /// be finite.
    pub(crate) fn check(&self, input: Input) -> Result<(), Invalid> {
        let channels = self.channels.channels();
        if channels != input.channels {
            let expected = format!("{}, as input.channels", input.channels);
            return Err(Invalid::new("channels", channels, expected));
        }
        for (place, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != channels {
                let found = format!("{} values", values.len());
                return Err(Invalid::new(
                    place,
                    found,
                    format!("{channels}, one for each channel"),
                ));
            }
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return Err(Invalid::new("mean", mean, "finite values"));
        }
        match self.std.iter().find(|std| !(**std > 0.0 && std.is_finite())) {
            Some(std) => Err(Invalid::new("std", std, "values above 0")),
            None => Ok(()),
        }
    }
}
