//! Accuracies by a trained supernet, each stored as soon as it is known.

use std::path::Path;

use dataset::Dataset;
use search_space::{Domain, Genotype};
use training::supernet::{Calibration, TrainedSupernet};
use training::{Placement, TrainingError};

use super::evaluations::{Evaluations, HoldOutTop1, TABLE};
use crate::accuracy::Estimate;
use crate::study::database::Schema;
use crate::study::{StudyError, StudySettings};

/// The name of the database of evaluations in an output folder.
const FILE_NAME: &str = "evaluations.sqlite";

const SCHEMA: Schema = Schema { version: 1, tables: &[TABLE] };

/// An accuracy that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AccuracyError {
    /// A network that cannot be trained or evaluated.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// Evaluations that cannot be read or written, or that are of other settings.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// Nothing is trained yet.
    #[error("found no trained weights; expected: a trained supernet or network")]
    Untrained,
    /// The caller stopped the training of a network, which goes on when it is asked for again.
    #[error("stopped")]
    Stopped,
}

/// The accuracy source that evaluates networks with the weights of a supernet on the hold-out, after
/// their batch norms were calibrated. The folder of the study keeps the evaluations, so that none is
/// made twice.
#[derive(Debug)]
pub struct SupernetAccuracy {
    trained: TrainedSupernet,
    data: Dataset,
    calibration: Calibration,
    placement: Placement,
    domain: Domain,
    evaluations: Evaluations,
}

impl SupernetAccuracy {
    /// The accuracies of a trained supernet, which are kept in `folder`. Networks are evaluated on the
    /// hold-out of `data`.
    ///
    /// # Errors
    /// [`StudyError::OtherSettings`]: a folder with the evaluations of another supernet, of other
    /// images or of another calibration. A file that cannot be read or written.
    pub fn open(
        folder: &Path,
        trained: TrainedSupernet,
        data: Dataset,
        calibration: Calibration,
        placement: Placement,
    ) -> Result<Self, AccuracyError> {
        let Calibration { images, batch, seed } = calibration;
        let settings = [
            ("supernet", format!("{:016x}", trained.fingerprint)),
            ("hold_out", format!("{:016x}", data.hold_out.fingerprint())),
            ("calibration", format!("{images} images in batches of {batch}, seed {seed}")),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let settings = StudySettings::from(settings);
        let evaluations = Evaluations::open(folder.join(FILE_NAME), SCHEMA, &settings)?;
        let domain = trained.supernet.space().domain();
        Ok(Self { trained, data, calibration, placement, domain, evaluations })
    }

    /// A hash of the settings that decided the weights of the supernet.
    pub fn fingerprint(&self) -> u64 {
        self.trained.fingerprint
    }

    /// The accuracy of a genotype, evaluated unless it is stored. Its standard error is that of the
    /// share of correct images; how far the supernet is from trained networks is not part of it.
    ///
    /// # Errors
    /// A genotype of another space, images that cannot be read, or a file that cannot be written.
    pub fn estimate(&self, genotype: &Genotype) -> Result<Estimate, AccuracyError> {
        let text = self.domain.text(genotype);
        if let Some(known) = self.evaluations.stored(&text)? {
            return Ok(known.estimate());
        }
        let Self { trained, data, calibration, placement, .. } = self;
        let found = trained.supernet.evaluate(genotype, data, *calibration, placement)?;
        let found = HoldOutTop1 { top1: found.top1, images: found.images };
        self.evaluations.record(&text, found)?;
        Ok(found.estimate())
    }
}
