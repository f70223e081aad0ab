//! A study that a search writes: trials batch by batch, and measurements.

use std::path::Path;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{OptionalExtension, Row, params};
use search_space::{AllRuns, Domain, Genotype, MeasuredLatency, MeasuredRuns};

use super::database::{self, Database, StudySettings};
use super::difference::difference;
use super::error::StudyError;
use super::manifest::{Manifest, SAMPLES};
use super::schema::{self, FILE_NAME};
use crate::accuracy::Estimate;
use crate::search::trial::{Phase, Trial};
use crate::search::{Limits, SearchSettings};

impl FromSql for Phase {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        let known = Self::ALL.into_iter().find(|phase| phase.name() == name);
        known.ok_or(FromSqlError::InvalidType)
    }
}

/// An open study.
#[derive(Debug)]
pub struct Study {
    database: Database,
}

impl Study {
    /// Whether a folder holds a study. A database without tables does not count, since its process
    /// was killed before it created them.
    pub fn is_there(folder: &Path) -> bool {
        database::has_tables(&folder.join(FILE_NAME))
    }

    /// Creates a study in an existing folder that holds none.
    ///
    /// `settings` decide what is searched, and [`Study::resume`] needs equal ones. `notes` describe
    /// how the study came about.
    ///
    /// # Errors
    /// Returns an error if the folder already holds a study or cannot be written to.
    pub fn create(
        folder: &Path,
        settings: &StudySettings,
        notes: &StudySettings,
    ) -> Result<Self, StudyError> {
        let path = folder.join(FILE_NAME);
        let database = Database::create(path, schema::SCHEMA, settings, notes, |_| Ok(()))?;
        Ok(Self { database })
    }

    /// Opens the study of a folder.
    ///
    /// # Errors
    /// Returns an error if there is no study, or if it has another version.
    pub fn open(folder: &Path) -> Result<Self, StudyError> {
        Ok(Self { database: Database::open(folder.join(FILE_NAME), schema::SCHEMA)? })
    }

    /// Opens the study of a folder to continue it with the settings that it was created with, or with
    /// more trials, which are then stored as its settings. The optimum, which follows from the other
    /// settings, is not compared.
    ///
    /// # Errors
    /// Returns an error if there is no study, if it has another version, or if a setting differs,
    /// naming the first one.
    pub fn resume(folder: &Path, settings: &StudySettings) -> Result<Self, StudyError> {
        let mut study = Self::open(folder)?;
        study.refuse_other(settings)?;
        if let Some(totals) = settings.get(SAMPLES) {
            study.database.write(|transaction| {
                let update = "UPDATE settings SET value = ? WHERE name = ? AND decides";
                transaction.execute(update, params![totals, SAMPLES]).map(|_| ())
            })?;
        }
        Ok(study)
    }

    /// Checks that the study has these settings, or fewer trials.
    ///
    /// # Errors
    /// Returns an error if a setting differs, naming the first one.
    pub fn refuse_other(&self, settings: &StudySettings) -> Result<(), StudyError> {
        match difference(&self.settings()?, settings) {
            Some(difference) => {
                let path = self.database.path().to_owned();
                Err(StudyError::OtherSettings { path, difference })
            }
            None => Ok(()),
        }
    }

    /// The manifest of the study.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or holds a setting that no search writes.
    pub fn manifest(&self) -> Result<Manifest, StudyError> {
        let path = || self.database.path().to_owned();
        let settings = self.settings()?;
        Manifest::from_settings(&settings)
            .map_err(|source| StudyError::Manifest { path: path(), source })
    }

    /// The settings of a search that continues the study: those of `search`, with the trials that the
    /// study is to have.
    ///
    /// # Errors
    /// Returns an error if the study is of another search, naming the first setting that differs, if
    /// the database cannot be read, or if it holds a setting that no search writes.
    pub fn continued_by(
        &self,
        search: SearchSettings,
        limits: &Limits,
    ) -> Result<SearchSettings, StudyError> {
        let stored = self.manifest()?;
        let (samples, earlier) = (stored.samples, stored.earlier.clone());
        let search = SearchSettings { samples, earlier, ..search };
        self.refuse_other(&stored.with_search(&search, limits).to_settings())?;
        Ok(search)
    }

    /// The settings that decide what is searched.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn settings(&self) -> Result<StudySettings, StudyError> {
        self.database.read(database::settings)
    }

    /// All trials in order.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or holds a genotype of another space.
    pub fn trials(&self, domain: &Domain) -> Result<Vec<Trial>, StudyError> {
        let rows: Vec<(String, Trial)> = self.database.read(|connection| {
            let mut query = connection.prepare(
                "SELECT genotype, latency_ms, accuracy, standard_error, reward, phase
                 FROM trials ORDER BY id",
            )?;
            let rows = query.query_map([], |row| {
                let estimate = Estimate { accuracy: row.get(2)?, standard_error: row.get(3)? };
                let genotype = Genotype(Vec::new());
                let (latency_ms, reward, phase) = (row.get(1)?, row.get(4)?, row.get(5)?);
                Ok((row.get(0)?, Trial { genotype, latency_ms, estimate, reward, phase }))
            })?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(text, trial)| {
                let genotype = domain.parse(&text).map_err(|source| StudyError::Genotype {
                    path: self.database.path().to_owned(),
                    source,
                })?;
                Ok(Trial { genotype, ..trial })
            })
            .collect()
    }

    /// Stores a batch that starts with trial `first`, in one transaction.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn record(
        &mut self,
        domain: &Domain,
        first: usize,
        trials: &[Trial],
    ) -> Result<(), StudyError> {
        self.database.write(|transaction| {
            let mut insert = transaction.prepare(
                "INSERT INTO trials
                 (id, genotype, latency_ms, accuracy, standard_error, reward, phase)
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
                    trial.phase.name(),
                ])?;
            }
            Ok(())
        })
    }

    /// The stored measured latency of a genotype; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn measurement(&self, genotype: &str) -> Result<Option<MeasuredLatency>, StudyError> {
        let select = "SELECT measured_ms, p10_ms, p90_ms, runs, left_out_share, all_p50_ms,
             all_p95_ms, all_runs FROM measurements WHERE genotype = ?";
        self.database.read(|connection| {
            connection.query_row(select, [genotype], measured_latency).optional()
        })
    }

    /// Stores the measured latency of a genotype.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn record_measurement(
        &mut self,
        genotype: &str,
        measured: &MeasuredLatency,
    ) -> Result<(), StudyError> {
        let insert = "INSERT INTO measurements (genotype, measured_ms, p10_ms, p90_ms, runs,
             left_out_share, all_p50_ms, all_p95_ms, all_runs)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let MeasuredLatency { p50_ms, runs } = measured;
        let of = |value: fn(&MeasuredRuns) -> f64| runs.as_ref().map(value);
        let count = |value: fn(&MeasuredRuns) -> usize| runs.as_ref().map(value);
        self.database.write(|transaction| {
            let values = params![
                genotype,
                p50_ms,
                of(|runs| runs.p10_ms),
                of(|runs| runs.p90_ms),
                count(|runs| runs.count),
                of(|runs| runs.left_out_share),
                of(|runs| runs.all.p50_ms),
                of(|runs| runs.all.p95_ms),
                count(|runs| runs.all.runs),
            ];
            transaction.execute(insert, values).map(|_| ())
        })
    }
}

/// A row of the measurements. Only the median is known of a replayed one.
fn measured_latency(row: &Row<'_>) -> rusqlite::Result<MeasuredLatency> {
    let p50_ms = row.get(0)?;
    if row.get::<_, Option<f64>>(5)?.is_none() {
        return Ok(MeasuredLatency::of_median(p50_ms));
    }
    let all = AllRuns { p50_ms: row.get(5)?, p95_ms: row.get(6)?, runs: row.get(7)? };
    let (p10_ms, p90_ms) = (row.get(1)?, row.get(2)?);
    let (count, left_out_share) = (row.get(3)?, row.get(4)?);
    let runs = MeasuredRuns { p10_ms, p90_ms, count, left_out_share, all };
    Ok(MeasuredLatency { p50_ms, runs: Some(runs) })
}
