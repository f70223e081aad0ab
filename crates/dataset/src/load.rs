//! Reading a source; the hold-out.

use std::sync::Arc;

use crate::error::{DataError, Skipped};
use crate::samples::{Normalisation, Sample, Samples, Stored};
use crate::source::Source;
use crate::{cifar10, folder, mnist, shapes};

/// The share of the training data that is kept for choosing between networks, 0 up to, but not, 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldOut(f64);

impl HoldOut {
    /// Nothing is kept.
    pub const NONE: Self = Self(0.0);
    /// A tenth, 5,000 images of CIFAR-10.
    pub const DEFAULT: Self = Self(0.1);

    /// # Errors
    /// A share that is negative, 1 and above, or no number.
    pub fn new(share: f64) -> Result<Self, DataError> {
        match share {
            share if (0.0..1.0).contains(&share) => Ok(Self(share)),
            share => Err(DataError::setting("hold-out", share, "0 up to, but not, 1")),
        }
    }

    /// Decided by the image alone: equal images are on one side, and a larger share has all of a
    /// smaller one.
    fn takes(self, sample: &Sample) -> bool {
        (sample.hash as f64) < self.0 * 2_f64.powi(64)
    }
}

/// A data set in three splits.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Names, in the order of the labels.
    pub classes: Vec<String>,
    /// To train on.
    pub train: Arc<Samples>,
    /// Cut from the training data, to choose between networks.
    pub hold_out: Arc<Samples>,
    /// For the last word on a network only; nothing that chooses may read it.
    pub test: Arc<Samples>,
    /// Images that do not decode, and were left out.
    pub skipped: Vec<Skipped>,
}

/// A source's own two splits.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) classes: Vec<String>,
    pub(crate) channels: usize,
    pub(crate) normalisation: Normalisation,
    pub(crate) train: Part,
    pub(crate) test: Part,
    pub(crate) skipped: Vec<Skipped>,
}

/// Samples whose indices are those of the store.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) stored: Stored,
    pub(crate) samples: Vec<Sample>,
}

impl Dataset {
    /// Reads a source and cuts the hold-out.
    ///
    /// # Errors
    /// Files that are missing, of the wrong size or with labels out of range; class folders without
    /// images; more than 1 % images that do not decode; a split that stays empty.
    pub fn load(source: &Source, hold_out: HoldOut) -> Result<Self, DataError> {
        let Loaded { classes, channels, normalisation, train, test, skipped } = match source {
            Source::Shapes(spec) => shapes::load(spec)?,
            Source::Cifar10(folder) => cifar10::load(folder)?,
            Source::Folder(folder) => folder::load(folder)?,
            Source::Mnist(folder) => mnist::load(folder)?,
        };
        let split = |stored: &Arc<Stored>, samples: Vec<Sample>| {
            Arc::new(Samples { stored: Arc::clone(stored), samples, channels, normalisation })
        };
        let (kept, trained): (Vec<Sample>, Vec<Sample>) =
            train.samples.into_iter().partition(|sample| hold_out.takes(sample));
        if trained.is_empty() || (kept.is_empty() && hold_out != HoldOut::NONE) {
            let found = format!("{} of {}", kept.len(), kept.len() + trained.len());
            let allowed = "a share that leaves images on both sides";
            return Err(DataError::setting("hold-out", found, allowed));
        }
        let (stored, test_stored) = (Arc::new(train.stored), Arc::new(test.stored));
        Ok(Self {
            classes,
            train: split(&stored, trained),
            hold_out: split(&stored, kept),
            test: split(&test_stored, test.samples),
            skipped,
        })
    }
}
