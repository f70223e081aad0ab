//! Image stores, and what a source of images hands over. A store does not know where its images
//! come from: each source brings the kind of store that it needs.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::DataError;
use crate::image::Image;
use crate::remark::Remark;

/// Images that can be looked up at any time, by several threads at once.
pub(crate) trait ImageStore: Debug + Send + Sync {
    /// The image of a sample that was described together with this store.
    fn image(&self, sample: &Sample) -> Result<Image, DataError>;
}

/// One labelled image of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Index in the store.
    pub(crate) index: usize,
    pub(crate) label: u32,
    /// Hash of whatever determines the image: equal images have equal hashes.
    pub(crate) hash: u64,
}

/// Images of one size, one after another.
#[derive(Debug)]
pub(crate) struct PackedPixels {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) pixels: Vec<u8>,
}

impl ImageStore for PackedPixels {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        let Self { height, width, channels, .. } = *self;
        let len = height * width * channels;
        let pixels = self.pixels[sample.index * len..(sample.index + 1) * len].to_vec();
        Ok(Image { height, width, channels, pixels })
    }
}

/// Decoded images of any size.
impl ImageStore for Vec<Image> {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        Ok(self[sample.index].clone())
    }
}

/// What is subtracted from each channel, and what the channel is then divided by, after its values
/// were scaled from 0..255 to 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// The mean of each channel. Images of one channel use the first alone.
    pub mean: [f32; 3],
    /// The standard deviation of each channel. Images of one channel use the first alone.
    pub std: [f32; 3],
}

/// One split as its source has it: a store, and the samples that are in it.
#[derive(Debug)]
pub(crate) struct SourceSplit {
    pub(crate) store: Arc<dyn ImageStore>,
    pub(crate) samples: Vec<Sample>,
}

/// Everything that a source has, before a hold-out is cut from its training split.
#[derive(Debug)]
pub(crate) struct SourceData {
    pub(crate) classes: Vec<String>,
    pub(crate) channels: usize,
    pub(crate) normalisation: Normalisation,
    pub(crate) train: SourceSplit,
    pub(crate) test: SourceSplit,
    pub(crate) remarks: Vec<Remark>,
}
