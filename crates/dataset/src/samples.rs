//! The labelled images of a split.

use std::sync::Arc;

use rayon::ThreadPool;

use crate::error::DataError;
use crate::image::{Image, hash};
use crate::store::{ImageStore, Normalisation, Sample};

/// The labelled images of a split, with the threads that prepare them.
#[derive(Clone, Debug)]
pub struct Samples {
    pub(crate) store: Arc<dyn ImageStore>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) channels: usize,
    pub(crate) normalisation: Normalisation,
    /// Shared by all splits of a data set.
    pub(crate) pool: Arc<ThreadPool>,
}

impl Samples {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether the split has no images, as a hold-out of [`HoldOut::NONE`](crate::HoldOut::NONE)
    /// has none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The number of channels of every image: 1 or 3.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The class of an image.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`Samples::len`].
    pub fn label(&self, index: usize) -> u32 {
        self.samples[index].label
    }

    /// The mean and standard deviation that [`batches`](crate::batches) normalises the images with.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// A hash of the split, which is the same for the same images in the same order. Records of a
    /// training or an evaluation keep it to say which images were used.
    pub fn fingerprint(&self) -> u64 {
        let hashes = self.samples.iter().flat_map(|sample| sample.hash.to_le_bytes());
        hash(&hashes.collect::<Vec<u8>>())
    }

    /// An image, which is decoded or drawn now unless the split keeps its images in memory.
    ///
    /// # Errors
    /// The image's file has changed since the data set was loaded.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`Samples::len`].
    pub fn image(&self, index: usize) -> Result<Image, DataError> {
        self.store.image(&self.samples[index])
    }
}
