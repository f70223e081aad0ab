//! The images of a split, with labels.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{DataError, Skipped};
use crate::folder;
use crate::image::{Image, hash};
use crate::random::Purpose;
use crate::shapes::{Shapes, render};

/// Where images are until they are asked for.
#[derive(Debug)]
pub(crate) enum Stored {
    /// Images of one size, one after another.
    Pixels { height: usize, width: usize, channels: usize, pixels: Vec<u8> },
    /// Decoded images.
    Images(Vec<Image>),
    /// Files that were seen to decode.
    Files(Vec<PathBuf>),
    /// Images that are drawn.
    Shapes { shapes: Shapes, purpose: Purpose },
}

/// An image with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Index in the store.
    pub(crate) index: usize,
    pub(crate) label: u32,
    /// Of what makes the image: equal images have equal hashes.
    pub(crate) hash: u64,
}

/// What is subtracted from a channel and what it is divided by, of values from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Channel by channel; the first alone for one channel.
    pub mean: [f32; 3],
    /// Channel by channel; the first alone for one channel.
    pub deviation: [f32; 3],
}

/// The images of a split, with labels.
#[derive(Clone, Debug)]
pub struct Samples {
    pub(crate) stored: Arc<Stored>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) channels: usize,
    pub(crate) normalisation: Normalisation,
}

impl Samples {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Channels of every image: 1 or 3.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The class of an image.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn label(&self, index: usize) -> u32 {
        self.samples[index].label
    }

    /// How pixels become numbers around 0.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// Identifies the split: the same for the same images in the same order. For records of what a
    /// network was trained or evaluated on.
    pub fn fingerprint(&self) -> u64 {
        let hashes = self.samples.iter().flat_map(|sample| sample.hash.to_le_bytes());
        hash(&hashes.collect::<Vec<u8>>())
    }

    /// An image, decoded or drawn where that was not done before.
    ///
    /// # Errors
    /// A file that changed since it was first read.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn image(&self, index: usize) -> Result<Image, DataError> {
        let Sample { index, label, .. } = self.samples[index];
        match &*self.stored {
            Stored::Pixels { height, width, channels, pixels } => {
                let len = height * width * channels;
                let pixels = pixels[index * len..(index + 1) * len].to_vec();
                Ok(Image { height: *height, width: *width, channels: *channels, pixels })
            }
            Stored::Images(images) => Ok(images[index].clone()),
            Stored::Files(paths) => folder::decode(&paths[index]).map_err(|error| {
                let Skipped { path, message } = error;
                DataError::content(path, message, "the image that was there before")
            }),
            Stored::Shapes { shapes, purpose } => Ok(render(shapes, *purpose, index, label)),
        }
    }
}
