//! Reading a source and cutting the hold-out.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::DataError;
use crate::remark::Remark;
use crate::samples::Samples;
use crate::sources::{Source, read};
use crate::store::{ImageStore, Sample, SourceData};

/// The share of the training images that is kept back for choosing between networks: at least 0 and
/// less than 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldOut(f64);

impl HoldOut {
    /// No image is kept back.
    pub const NONE: Self = Self(0.0);
    /// A tenth, which is about 5,000 images of CIFAR-10.
    pub const DEFAULT: Self = Self(0.1);

    /// A hold-out of about this share of the training images.
    ///
    /// # Errors
    /// The share is negative, 1 or more, or NaN.
    pub fn new(share: f64) -> Result<Self, DataError> {
        match share {
            share if (0.0..1.0).contains(&share) => Ok(Self(share)),
            share => Err(DataError::setting("hold-out", share, "at least 0 and less than 1")),
        }
    }

    /// The image alone decides, so that equal images are on the same side, and a larger hold-out
    /// has all images of a smaller one.
    fn takes(self, sample: &Sample) -> bool {
        (sample.hash as f64) < self.0 * 2_f64.powi(64)
    }
}

/// A data set in three splits.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The names of the classes, in the order of the labels.
    pub classes: Vec<String>,
    /// The images to train on.
    pub train: Arc<Samples>,
    /// Images kept back from the training images, to choose between networks.
    pub hold_out: Arc<Samples>,
    /// The images for the final accuracy. Whatever chooses between networks must not read them.
    pub test: Arc<Samples>,
    /// How the source was understood, and what of it was left out.
    pub remarks: Vec<Remark>,
}

impl Dataset {
    /// Reads a source and cuts the hold-out from its training images.
    ///
    /// `threads` threads read the source, and later prepare the batches of all splits. They belong
    /// to the data set and end with it. Nothing but the speed depends on their number.
    ///
    /// # Errors
    /// - Files are missing, have the wrong size, or have labels out of range.
    /// - A class has no images, or more than 1 % of a split's images cannot be decoded.
    /// - The hold-out, or what it leaves to train on, has no images.
    /// - `threads` is 0, or the system refuses to start the threads.
    pub fn load(source: &Source, hold_out: HoldOut, threads: usize) -> Result<Self, DataError> {
        let pool = Arc::new(pool(threads)?);
        let SourceData { classes, channels, normalisation, train, test, remarks } =
            pool.install(|| read(source))?;
        let split = |store: &Arc<dyn ImageStore>, samples: Vec<Sample>| {
            let (store, pool) = (Arc::clone(store), Arc::clone(&pool));
            Arc::new(Samples { store, samples, channels, normalisation, pool })
        };
        let (kept, trained): (Vec<Sample>, Vec<Sample>) =
            train.samples.into_iter().partition(|sample| hold_out.takes(sample));
        if trained.is_empty() || (kept.is_empty() && hold_out != HoldOut::NONE) {
            let found = format!("{} of {} images", kept.len(), kept.len() + trained.len());
            let expected = "a share that leaves images on both sides";
            return Err(DataError::setting("hold-out", found, expected));
        }
        Ok(Self {
            classes,
            train: split(&train.store, trained),
            hold_out: split(&train.store, kept),
            test: split(&test.store, test.samples),
            remarks,
        })
    }
}

fn pool(threads: usize) -> Result<ThreadPool, DataError> {
    if threads == 0 {
        return Err(DataError::setting("threads", threads, "at least 1"));
    }
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let builder = builder.thread_name(|thread| format!("images-{thread}"));
    builder.build().map_err(|error| DataError::Threads { threads, message: error.to_string() })
}
