//! Reads a study as points: no genotype is decoded, and none of the study's files is written to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::database::{self, StudySettings};
use super::error::StudyError;
use super::schema::{self, FILE_NAME};

/// The latency and accuracy of a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudyPoint {
    /// The predicted latency in milliseconds; `None` if only accuracy is searched for.
    pub latency_ms: Option<f64>,
    /// The accuracy, a fraction.
    pub accuracy: f64,
}

/// A study's deciding settings and its trials in order.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyPoints {
    /// The settings that distinguish it from other studies.
    pub settings: StudySettings,
    /// The latency and accuracy of each trial, in order.
    pub points: Vec<StudyPoint>,
}

/// Reads the study of an output folder, or a database, while a search may be writing it.
///
/// # Errors
/// Returns an error if there is no study, if it has an unsupported version, or if the database
/// cannot be read.
pub fn read_points(study: &Path) -> Result<StudyPoints, StudyError> {
    let path = if study.is_dir() { study.join(FILE_NAME) } else { study.to_path_buf() };
    if !path.exists() {
        return Err(StudyError::Missing { path });
    }
    // A process that has the study open keeps a write-ahead log beside it. If there is none, SQLite
    // would create it, which fails in a read-only folder, unless it is told that the file does not
    // change.
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let log = PathBuf::from(log);
    if !log.exists() {
        let read = read(&path, "immutable=1");
        if !log.exists() {
            return read;
        }
    }
    read(&path, "mode=ro")
}

fn read(path: &Path, options: &str) -> Result<StudyPoints, StudyError> {
    let failed = |source| StudyError::Database { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(format!("{}?{options}", uri(path)), flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    if count("SELECT count(*) FROM sqlite_master").map_err(failed)? == 0 {
        return Err(StudyError::Missing { path: path.to_owned() });
    }
    let found = count("PRAGMA user_version").map_err(failed)?;
    let supported = schema::SCHEMA.version;
    if !(1..=supported).contains(&found) {
        return Err(StudyError::Version { path: path.to_owned(), found, supported });
    }
    let settings = schema::SCHEMA.complete(&database::settings(&connection).map_err(failed)?);
    let points = points(&connection).map_err(failed)?;
    Ok(StudyPoints { settings, points })
}

fn points(connection: &Connection) -> rusqlite::Result<Vec<StudyPoint>> {
    let mut query = connection.prepare("SELECT latency_ms, accuracy FROM trials ORDER BY id")?;
    let point =
        |row: &rusqlite::Row<'_>| Ok(StudyPoint { latency_ms: row.get(0)?, accuracy: row.get(1)? });
    query.query_map([], point)?.collect()
}

/// The URI of a file for SQLite. Bytes that have a meaning in a URI are written as `%XX`.
fn uri(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = |&byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let bytes = path.as_os_str().as_encoded_bytes();
    format!("file://{}", bytes.iter().map(text).collect::<String>())
}
