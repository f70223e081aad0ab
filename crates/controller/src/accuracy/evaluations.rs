//! Accuracies of networks on the hold-out, each stored as soon as it is known.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Estimate;
use crate::study::database::{Database, Schema, has_tables};
use crate::study::{StudyError, StudySettings};

/// The table that every file of evaluations has.
pub(super) const TABLE: &str = "
    CREATE TABLE evaluations (
        genotype TEXT PRIMARY KEY,
        accuracy REAL NOT NULL,
        images INTEGER NOT NULL
    ) STRICT;
";

/// A file of evaluations in the folder of a study.
#[derive(Debug)]
pub(super) struct Evaluations(Mutex<Database>);

/// The share of the images of the hold-out whose class a network found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HoldOutTop1 {
    pub(super) top1: f64,
    pub(super) images: usize,
}

impl HoldOutTop1 {
    /// The accuracy with the standard error of a share of so many images.
    pub(super) fn estimate(self) -> Estimate {
        let Self { top1, images } = self;
        let standard_error = (top1 * (1.0 - top1) / images.max(1) as f64).sqrt();
        Estimate { accuracy: top1, standard_error }
    }

    /// Reads the first two columns of a row.
    pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { top1: row.get(0)?, images: row.get(1)? })
    }
}

impl Evaluations {
    /// Creates the file, or opens one that was created with the same settings.
    ///
    /// # Errors
    /// [`StudyError::OtherSettings`] for a file with other settings; a file that cannot be read or
    /// written.
    pub(super) fn open(
        path: PathBuf,
        schema: Schema,
        settings: &StudySettings,
    ) -> Result<Self, StudyError> {
        let database = match has_tables(&path) {
            true => Database::resume(path, schema, settings)?,
            false => Database::create(path, schema, settings, &StudySettings::new(), |_| Ok(()))?,
        };
        Ok(Self(Mutex::new(database)))
    }

    pub(super) fn database(&self) -> MutexGuard<'_, Database> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stored(&self, genotype: &str) -> Result<Option<HoldOutTop1>, StudyError> {
        let select = "SELECT accuracy, images FROM evaluations WHERE genotype = ?";
        self.database().read(|connection| {
            connection.query_row(select, [genotype], HoldOutTop1::of_row).optional()
        })
    }

    pub(super) fn record(&self, genotype: &str, found: HoldOutTop1) -> Result<(), StudyError> {
        self.database().write(|transaction| insert(transaction, genotype, found))
    }
}

/// Stores an evaluation unless there is one.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    genotype: &str,
    HoldOutTop1 { top1, images }: HoldOutTop1,
) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO evaluations (genotype, accuracy, images) VALUES (?, ?, ?)";
    transaction.execute(insert, params![genotype, top1, images]).map(|_| ())
}
