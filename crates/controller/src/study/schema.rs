//! Tables of the study store.

use crate::database::Schema;

/// The settings' table is every database's.
pub(super) const SCHEMA: Schema = Schema { version: 2, tables: TABLES };

const TABLES: &str = "
    CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        genotype TEXT NOT NULL,
        latency_ms REAL,
        accuracy REAL NOT NULL,
        standard_error REAL NOT NULL,
        reward REAL NOT NULL,
        second_half INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE measurements (
        genotype TEXT PRIMARY KEY,
        measured_ms REAL NOT NULL
    ) STRICT;
";
