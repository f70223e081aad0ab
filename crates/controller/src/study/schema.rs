//! The tables of the study store.

use super::database::Schema;

/// The name of the database in an output folder.
pub const FILE_NAME: &str = "study.sqlite";

/// The tables besides that of the settings, which every database has.
pub(super) const SCHEMA: Schema = Schema { version: 3, tables: TABLES, early: &EARLY_SETTINGS };

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

/// The columns of measurements that early studies lack, with their types. `measured_ms` is the
/// median of the undisturbed runs, which is all that is known of the measurements there.
pub(super) const LATER_COLUMNS: [(&str, &str); 7] = [
    ("p10_ms", "REAL"),
    ("p90_ms", "REAL"),
    ("runs", "INTEGER"),
    ("left_out_share", "REAL"),
    ("all_p50_ms", "REAL"),
    ("all_p95_ms", "REAL"),
    ("all_runs", "INTEGER"),
];

/// The settings that early studies lack, with the values that their searches had.
const EARLY_SETTINGS: [(&str, &str); 2] = [("statistic", "undisturbed"), ("margin", "0.015")];
