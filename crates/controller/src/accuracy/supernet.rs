//! Accuracies by a trained supernet, each stored as soon as it is known.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use dataset::Dataset;
use rusqlite::{OptionalExtension, params};
use search_space::{Domain, Genotype};
use training::supernet::{Calibration, TrainedSupernet};
use training::{Placement, TrainingError};

use crate::accuracy::Estimate;
use crate::study::database::{Database, Schema, has_tables};
use crate::study::{StudyError, StudySettings};

/// The name of the database of evaluations in an output folder.
const FILE_NAME: &str = "evaluations.sqlite";

const SCHEMA: Schema = Schema {
    version: 1,
    tables: "
        CREATE TABLE evaluations (
            genotype TEXT PRIMARY KEY,
            accuracy REAL NOT NULL,
            images INTEGER NOT NULL
        ) STRICT;
    ",
};

/// An accuracy that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AccuracyError {
    /// A network that cannot be evaluated.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// Evaluations that cannot be read or written, or that are of another supernet.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The supernet is not trained yet.
    #[error("found a supernet without weights; expected: a trained one")]
    Untrained,
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
    evaluations: Mutex<Database>,
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
        let path = folder.join(FILE_NAME);
        let evaluations = match has_tables(&path) {
            true => Database::resume(path, SCHEMA, &settings)?,
            false => Database::create(path, SCHEMA, &settings, &StudySettings::new(), |_| Ok(()))?,
        };
        let domain = trained.supernet.space().domain();
        let evaluations = Mutex::new(evaluations);
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
        if let Some(known) = self.stored(&text)? {
            return Ok(known);
        }
        let Self { trained, data, calibration, placement, .. } = self;
        let found = trained.supernet.evaluate(genotype, data, *calibration, placement)?;
        let mut evaluations = self.evaluations.lock().unwrap_or_else(PoisonError::into_inner);
        evaluations.write(|transaction| {
            let insert = "INSERT OR IGNORE INTO evaluations (genotype, accuracy, images)
                 VALUES (?, ?, ?)";
            transaction.execute(insert, params![text, found.top1, found.images]).map(|_| ())
        })?;
        Ok(estimate(found.top1, found.images))
    }

    fn stored(&self, genotype: &str) -> Result<Option<Estimate>, StudyError> {
        let select = "SELECT accuracy, images FROM evaluations WHERE genotype = ?";
        let evaluations = self.evaluations.lock().unwrap_or_else(PoisonError::into_inner);
        evaluations.read(|connection| {
            let of_row = |row: &rusqlite::Row<'_>| Ok(estimate(row.get(0)?, row.get(1)?));
            connection.query_row(select, [genotype], of_row).optional()
        })
    }
}

fn estimate(accuracy: f64, images: usize) -> Estimate {
    let standard_error = (accuracy * (1.0 - accuracy) / images.max(1) as f64).sqrt();
    Estimate { accuracy, standard_error }
}
