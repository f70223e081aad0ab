//! The study store: an SQLite database in the output folder. Settings, trials batch by batch, and
//! measurements, each stored before anything depends on it.

mod error;
mod points;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use search_space::Genotype;
use search_space::domain::Domain;

use crate::trial::{Estimate, Half, Trial};
pub use error::StudyError;
pub use points::{StudyPoint, StudyPoints, read_points};

/// The database's name in an output folder.
pub const FILE_NAME: &str = "study.sqlite";

/// What makes one study another: by name, as text.
pub type StudySettings = BTreeMap<String, String>;

/// An open study.
#[derive(Debug)]
pub struct Study {
    path: PathBuf,
    connection: Connection,
}

impl Study {
    /// Whether a folder holds a study. A database without tables is none: a process was killed
    /// before it made them.
    pub fn is_there(folder: &Path) -> bool {
        let path = folder.join(FILE_NAME);
        let tables = || -> rusqlite::Result<i64> {
            let connection = Connection::open(&path)?;
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        };
        path.exists() && !matches!(tables(), Ok(0))
    }

    /// A new study in an existing folder that holds none.
    ///
    /// `settings` decide what is searched: resume needs equal ones. `notes` say how it came about.
    ///
    /// # Errors
    /// A study that is there already; a folder that cannot be written to.
    pub fn create(
        folder: &Path,
        settings: &StudySettings,
        notes: &StudySettings,
    ) -> Result<Self, StudyError> {
        let path = folder.join(FILE_NAME);
        if Self::is_there(folder) {
            return Err(StudyError::Exists { path });
        }
        let mut study = Self::connect(path)?;
        study.write(|transaction| {
            transaction.execute_batch(schema::CREATE)?;
            transaction.pragma_update(None, "user_version", schema::VERSION)?;
            let mut insert = transaction
                .prepare("INSERT INTO settings (name, value, decides) VALUES (?, ?, ?)")?;
            for (decides, pairs) in [(true, settings), (false, notes)] {
                for (name, value) in pairs {
                    insert.execute(params![name, value, decides])?;
                }
            }
            Ok(())
        })?;
        Ok(study)
    }

    /// The study of a folder, to be continued with the settings that it was made with.
    ///
    /// # Errors
    /// No study; one of a later version; the first setting that differs.
    pub fn resume(folder: &Path, settings: &StudySettings) -> Result<Self, StudyError> {
        let path = folder.join(FILE_NAME);
        if !Self::is_there(folder) {
            return Err(StudyError::Missing { path });
        }
        let study = Self::connect(path)?;
        let version: i64 = study
            .read(|connection| connection.pragma_query_value(None, "user_version", |r| r.get(0)))?;
        if version != schema::VERSION {
            let path = study.path;
            return Err(StudyError::Version { path, found: version, supported: schema::VERSION });
        }
        let stored = study.settings()?;
        let names = stored.keys().chain(settings.keys());
        for name in names {
            let (stored, wanted) = (stored.get(name), settings.get(name));
            if stored != wanted {
                let text = |value: Option<&String>| value.cloned().unwrap_or_default();
                return Err(StudyError::OtherSettings {
                    path: study.path,
                    name: name.clone(),
                    stored: text(stored),
                    wanted: text(wanted),
                });
            }
        }
        Ok(study)
    }

    fn connect(path: PathBuf) -> Result<Self, StudyError> {
        let failed = |source| StudyError::Database { path: path.clone(), source };
        let connection = Connection::open(&path).map_err(failed)?;
        connection.execute_batch(schema::CONNECT).map_err(failed)?;
        Ok(Self { path, connection })
    }

    /// The settings that decide what is searched.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn settings(&self) -> Result<StudySettings, StudyError> {
        self.read(points::settings)
    }

    /// All trials in order.
    ///
    /// # Errors
    /// The database cannot be read, or holds a genotype of another space.
    pub fn trials(&self, domain: &Domain) -> Result<Vec<Trial>, StudyError> {
        let rows: Vec<(String, Trial)> = self.read(|connection| {
            let mut query = connection.prepare(
                "SELECT genotype, latency_ms, accuracy, standard_error, reward, second_half
                 FROM trials ORDER BY id",
            )?;
            let rows = query.query_map([], |row| {
                let estimate = Estimate { accuracy: row.get(2)?, standard_error: row.get(3)? };
                let half = if row.get(5)? { Half::Target } else { Half::Reward };
                let genotype = Genotype(Vec::new());
                let (latency_ms, reward) = (row.get(1)?, row.get(4)?);
                Ok((row.get(0)?, Trial { genotype, latency_ms, estimate, reward, half }))
            })?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(text, trial)| {
                let genotype = domain
                    .parse(&text)
                    .map_err(|source| StudyError::Genotype { path: self.path.clone(), source })?;
                Ok(Trial { genotype, ..trial })
            })
            .collect()
    }

    /// Stores a batch that starts with trial `first`, whole or not at all.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn record(
        &mut self,
        domain: &Domain,
        first: usize,
        trials: &[Trial],
    ) -> Result<(), StudyError> {
        self.write(|transaction| {
            let mut insert = transaction.prepare(
                "INSERT INTO trials
                 (id, genotype, latency_ms, accuracy, standard_error, reward, second_half)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?;
            for (index, trial) in trials.iter().enumerate() {
                insert.execute(params![
                    (first + index) as i64,
                    domain.text(&trial.genotype),
                    trial.latency_ms,
                    trial.estimate.accuracy,
                    trial.estimate.standard_error,
                    trial.reward,
                    trial.half == Half::Target,
                ])?;
            }
            Ok(())
        })
    }

    /// The stored measured latency of a genotype in milliseconds.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn measurement(&self, genotype: &str) -> Result<Option<f64>, StudyError> {
        let select = "SELECT measured_ms FROM measurements WHERE genotype = ?";
        self.read(|connection| {
            connection.query_row(select, [genotype], |row| row.get(0)).optional()
        })
    }

    /// Stores a measured latency.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn record_measurement(
        &mut self,
        genotype: &str,
        measured_ms: f64,
    ) -> Result<(), StudyError> {
        self.write(|transaction| {
            let insert = "INSERT INTO measurements (genotype, measured_ms) VALUES (?, ?)";
            transaction.execute(insert, params![genotype, measured_ms]).map(|_| ())
        })
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StudyError> {
        query(&self.connection)
            .map_err(|source| StudyError::Database { path: self.path.clone(), source })
    }

    fn write(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StudyError> {
        let commit = || {
            let behaviour = TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(behaviour)?;
            change(&transaction)?;
            transaction.commit()
        };
        commit().map_err(|source| StudyError::Database { path: self.path.clone(), source })
    }
}
