//! Tables of the study store.

/// Kept in SQLite's `user_version`.
pub(super) const VERSION: i64 = 2;

/// One writer; readers see whole batches while it writes; a killed process loses at most the batch
/// in flight.
pub(super) const CONNECT: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
";

pub(super) const CREATE: &str = "
    CREATE TABLE settings (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        decides INTEGER NOT NULL,
        PRIMARY KEY (name, decides)
    ) STRICT;
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
