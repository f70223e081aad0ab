//! The tables of the study store.

use super::database::Schema;

/// The name of the database in an output folder.
pub const FILE_NAME: &str = "study.sqlite";

/// The tables besides that of the settings, which every database has.
pub(super) const SCHEMA: Schema = Schema { version: 4, tables: &[TABLES] };

const TABLES: &str = "
    CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        genotype TEXT NOT NULL,
        latency_ms REAL,
        accuracy REAL NOT NULL,
        standard_error REAL NOT NULL,
        reward REAL NOT NULL,
        phase TEXT NOT NULL
    ) STRICT;
    CREATE TABLE measurements (
        genotype TEXT PRIMARY KEY,
        measured_ms REAL NOT NULL,
        p10_ms REAL,
        p90_ms REAL,
        runs INTEGER,
        left_out_share REAL,
        all_p50_ms REAL,
        all_p95_ms REAL,
        all_runs INTEGER
    ) STRICT;
";
