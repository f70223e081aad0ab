//! The SQLite file of an adaptation in its output folder: latencies, evaluated proposals and
//! iterations, each stored before anything depends on it.

use std::path::Path;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use search_space::MeasuredLatency;

use super::hold_out::HoldOutEvaluation;
use super::latency_record::{LatencyKind, LatencyRecord, RUN_COLUMNS, run_values, runs_of};
use crate::study::StudyError;
use crate::study::database::{self, Database, Schema, StudySettings};

/// The name of the file in an output folder.
pub const FILE_NAME: &str = "netadapt.sqlite";

const SCHEMA: Schema = Schema {
    version: 5,
    tables: &["
    CREATE TABLE latencies (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        ms REAL NOT NULL,
        p10_ms REAL,
        p90_ms REAL,
        runs REAL,
        left_out_share REAL,
        all_p50_ms REAL,
        all_p95_ms REAL,
        all_runs REAL,
        PRIMARY KEY (kind, key)
    ) STRICT;
    CREATE TABLE proposals (
        iteration INTEGER NOT NULL,
        axis TEXT NOT NULL,
        narrowed_from INTEGER NOT NULL,
        narrowed_to INTEGER NOT NULL,
        trained_steps INTEGER NOT NULL,
        latency_ms REAL NOT NULL,
        loss REAL NOT NULL,
        correct BLOB NOT NULL,
        seconds REAL NOT NULL,
        weights BLOB,
        PRIMARY KEY (iteration, axis, narrowed_to, trained_steps)
    ) STRICT;
    CREATE TABLE iterations (
        number INTEGER PRIMARY KEY,
        axis TEXT NOT NULL,
        narrowed_from INTEGER NOT NULL,
        narrowed_to INTEGER NOT NULL,
        predicted_ms REAL NOT NULL,
        cut_ms REAL NOT NULL,
        latency_ms REAL NOT NULL,
        loss REAL NOT NULL,
        correct BLOB NOT NULL,
        weights BLOB
    ) STRICT;
"],
};

/// A proposal that was trained and evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedProposal {
    /// The number of the iteration that it was proposed for, counted from 1.
    pub iteration: usize,
    /// The axis that it narrows.
    pub axis: String,
    /// The number of channels before.
    pub from: usize,
    /// The number of channels after.
    pub to: usize,
    /// The number of training steps since the network before; fewer than all steps if successive
    /// halving evaluates early.
    pub trained_steps: u64,
    /// The predicted latency in milliseconds, corrected by the measured latency of the network
    /// before.
    pub latency_ms: f64,
    /// The evaluation on the hold-out after these training steps.
    pub hold_out: HoldOutEvaluation,
    /// The time in seconds that training and evaluation took since the evaluation before.
    pub seconds: f64,
}

/// A completed iteration; the seed is iteration 0, without an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Iteration {
    /// The number of the iteration, counted from 0.
    pub number: usize,
    /// The axis that was narrowed.
    pub axis: String,
    /// The number of channels before.
    pub from: usize,
    /// The number of channels after.
    pub to: usize,
    /// The predicted latency in milliseconds, corrected by the measured latency of the network
    /// before.
    pub predicted_ms: f64,
    /// The latency in milliseconds that it saves: `latency_ms` of the iteration before less its own.
    pub cut_ms: f64,
    /// The latency of the whole network in milliseconds: the mean of readings relative to the
    /// network before and to the seed, or if that meets the target, the median of three further
    /// readings relative to the seed.
    pub latency_ms: f64,
    /// The network's evaluation on the hold-out.
    pub hold_out: HoldOutEvaluation,
}

impl Iteration {
    /// Whether a proposal is the one that this iteration chose, after any number of training steps.
    pub fn is_of(&self, proposal: &EvaluatedProposal) -> bool {
        let EvaluatedProposal { iteration, axis, to, .. } = proposal;
        (self.number, &self.axis, self.to) == (*iteration, axis, *to)
    }
}

/// The open store of an adaptation.
#[derive(Debug)]
pub struct Adaptation {
    database: Database,
}

impl Adaptation {
    /// Whether a folder holds an adaptation.
    pub fn is_there(folder: &Path) -> bool {
        database::has_tables(&folder.join(FILE_NAME))
    }

    /// Creates an adaptation in an existing folder. `settings` decide its outcome, and
    /// [`Adaptation::resume`] needs equal ones; `notes` do not. `records` are latencies that are
    /// already known.
    ///
    /// # Errors
    /// Returns an error if the folder already holds an adaptation or cannot be written to.
    pub fn create(
        folder: &Path,
        settings: &StudySettings,
        notes: &StudySettings,
        records: &[LatencyRecord],
    ) -> Result<Self, StudyError> {
        let path = folder.join(FILE_NAME);
        let database = Database::create(path, SCHEMA, settings, notes, |transaction| {
            records.iter().try_for_each(|record| insert(transaction, record, "OR IGNORE"))
        })?;
        Ok(Self { database })
    }

    /// Opens the adaptation of a folder to continue it with the settings that it was created with.
    ///
    /// # Errors
    /// Returns an error if there is no adaptation, if it has another version, or if a setting
    /// differs, naming the first one.
    pub fn resume(folder: &Path, settings: &StudySettings) -> Result<Self, StudyError> {
        let path = folder.join(FILE_NAME);
        Ok(Self { database: Database::resume(path, SCHEMA, settings)? })
    }

    /// All latencies, ordered by kind and key.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn latencies(&self) -> Result<Vec<LatencyRecord>, StudyError> {
        let select = format!("{} ORDER BY kind, key", select_latencies());
        self.database.read(|connection| {
            let mut query = connection.prepare(&select)?;
            query.query_map([], latency_record)?.collect()
        })
    }

    pub(super) fn latency(
        &self,
        kind: LatencyKind,
        key: &str,
    ) -> Result<Option<MeasuredLatency>, StudyError> {
        let select = format!("{} WHERE kind = ? AND key = ?", select_latencies());
        self.database.read(|connection| {
            let record = connection.query_row(&select, params![kind.name(), key], latency_record);
            let latency = |LatencyRecord { ms, runs, .. }| MeasuredLatency { p50_ms: ms, runs };
            Ok(record.optional()?.map(latency))
        })
    }

    pub(super) fn record_latency(&mut self, record: &LatencyRecord) -> Result<(), StudyError> {
        self.database.write(|transaction| insert(transaction, record, ""))
    }

    /// All evaluated proposals, ordered by iteration and by the name of the axis.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn proposals(&self) -> Result<Vec<EvaluatedProposal>, StudyError> {
        self.database.read(|connection| {
            let mut query = connection.prepare(
                "SELECT iteration, axis, narrowed_from, narrowed_to, trained_steps, latency_ms, loss,
                 correct, seconds
                 FROM proposals ORDER BY iteration, axis, narrowed_to, trained_steps",
            )?;
            let proposal = |row: &Row<'_>| {
                let correct = correct(&row.get::<_, Vec<u8>>(7)?);
                Ok(EvaluatedProposal {
                    iteration: row.get(0)?,
                    axis: row.get(1)?,
                    from: row.get(2)?,
                    to: row.get(3)?,
                    trained_steps: row.get(4)?,
                    latency_ms: row.get(5)?,
                    hold_out: HoldOutEvaluation { loss: row.get(6)?, correct },
                    seconds: row.get(8)?,
                })
            };
            query.query_map([], proposal)?.collect()
        })
    }

    pub(super) fn record_proposal(
        &mut self,
        proposal: &EvaluatedProposal,
        weights: Option<&[u8]>,
    ) -> Result<(), StudyError> {
        let EvaluatedProposal {
            iteration,
            axis,
            from,
            to,
            trained_steps,
            latency_ms,
            hold_out,
            seconds,
        } = proposal;
        self.database.write(|transaction| {
            transaction
                .execute(
                    "INSERT INTO proposals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        iteration,
                        axis,
                        from,
                        to,
                        trained_steps,
                        latency_ms,
                        hold_out.loss,
                        bytes(&hold_out.correct),
                        seconds,
                        weights
                    ],
                )
                .map(|_| ())
        })
    }

    pub(super) fn proposal_weights(
        &self,
        proposal: &EvaluatedProposal,
    ) -> Result<Vec<u8>, StudyError> {
        let select = "SELECT weights FROM proposals
             WHERE iteration = ? AND axis = ? AND narrowed_to = ? AND trained_steps = ?";
        self.database.read(|connection| {
            let EvaluatedProposal { iteration, axis, to, trained_steps, .. } = proposal;
            let key = params![iteration, axis, to, trained_steps];
            connection.query_row(select, key, |row| row.get(0))
        })
    }

    /// All iterations in order.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn iterations(&self) -> Result<Vec<Iteration>, StudyError> {
        self.database.read(|connection| {
            let mut query = connection.prepare(
                "SELECT number, axis, narrowed_from, narrowed_to, predicted_ms, cut_ms, latency_ms,
                 loss, correct FROM iterations ORDER BY number",
            )?;
            let iteration = |row: &Row<'_>| {
                let correct = correct(&row.get::<_, Vec<u8>>(8)?);
                Ok(Iteration {
                    number: row.get(0)?,
                    axis: row.get(1)?,
                    from: row.get(2)?,
                    to: row.get(3)?,
                    predicted_ms: row.get(4)?,
                    cut_ms: row.get(5)?,
                    latency_ms: row.get(6)?,
                    hold_out: HoldOutEvaluation { loss: row.get(7)?, correct },
                })
            };
            query.query_map([], iteration)?.collect()
        })
    }

    /// The bytes of the weights file of the last iteration, with which the next one begins.
    ///
    /// # Errors
    /// Returns an error if there is no iteration.
    pub fn weights(&self) -> Result<Vec<u8>, StudyError> {
        let select = "SELECT weights FROM iterations ORDER BY number DESC LIMIT 1";
        self.database.read(|connection| connection.query_row(select, [], |row| row.get(0)))
    }

    /// Releases the disk space of deleted content.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written or is in use.
    pub fn compact(&mut self) -> Result<(), StudyError> {
        self.database.compact()
    }

    /// Stores an iteration and deletes the weights of its proposals and of the iterations before.
    pub(super) fn record_iteration(
        &mut self,
        iteration: &Iteration,
        weights: &[u8],
    ) -> Result<(), StudyError> {
        let Iteration { number, axis, from, to, predicted_ms, cut_ms, latency_ms, hold_out } =
            iteration;
        self.database.write(|transaction| {
            transaction.execute(
                "INSERT INTO iterations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    number,
                    axis,
                    from,
                    to,
                    predicted_ms,
                    cut_ms,
                    latency_ms,
                    hold_out.loss,
                    bytes(&hold_out.correct),
                    weights
                ],
            )?;
            transaction
                .execute("UPDATE iterations SET weights = NULL WHERE number < ?", [number])?;
            transaction
                .execute("UPDATE proposals SET weights = NULL WHERE iteration <= ?", [number])
                .map(|_| ())
        })
    }
}

fn select_latencies() -> String {
    format!("SELECT kind, key, ms, {} FROM latencies", RUN_COLUMNS.join(", "))
}

/// A row of [`select_latencies`].
fn latency_record(row: &Row<'_>) -> rusqlite::Result<LatencyRecord> {
    let kind = LatencyKind::named(row.get_ref(0)?.as_str()?).unwrap_or(LatencyKind::Predicted);
    let values = (0..RUN_COLUMNS.len()).map(|column| row.get(3 + column));
    let values = values.collect::<rusqlite::Result<Option<Vec<f64>>>>()?;
    let runs = values.and_then(|values| values.try_into().ok()).map(runs_of);
    Ok(LatencyRecord { kind, key: row.get(1)?, ms: row.get(2)?, runs })
}

/// Inserts a latency; `or` is the SQL that says what to do if it is already there.
fn insert(transaction: &Transaction<'_>, record: &LatencyRecord, or: &str) -> rusqlite::Result<()> {
    let LatencyRecord { kind, key, ms, runs } = record;
    let columns = RUN_COLUMNS.join(", ");
    let [p10, p90, count, share, all_p50, all_p95, all] =
        runs.map_or([None; 7], |runs| run_values(&runs).map(Some));
    let insert = format!(
        "INSERT {or} INTO latencies (kind, key, ms, {columns})
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    let values = params![kind.name(), key, ms, p10, p90, count, share, all_p50, all_p95, all];
    transaction.execute(&insert, values).map(|_| ())
}

fn bytes(correct: &[bool]) -> Vec<u8> {
    correct.iter().map(|&correct| u8::from(correct)).collect()
}

fn correct(bytes: &[u8]) -> Vec<bool> {
    bytes.iter().map(|&byte| byte != 0).collect()
}
