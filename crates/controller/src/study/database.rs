//! An SQLite file in an output folder that knows what it was made for: its deciding settings, and
//! notes. Studies and adaptations are such files with tables of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::StudyError;

/// What makes one study another: by name, as text.
pub type StudySettings = BTreeMap<String, String>;

/// One writer; readers see whole batches while it writes; a killed process loses at most the batch
/// in flight.
const CONNECT: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
";

const SETTINGS: &str = "
    CREATE TABLE settings (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        decides INTEGER NOT NULL,
        PRIMARY KEY (name, decides)
    ) STRICT;
";

/// The tables of one kind of file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// Kept in SQLite's `user_version`.
    pub(crate) version: i64,
    /// Makes its tables, but for the settings.
    pub(crate) tables: &'static str,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
}

/// Whether a file has tables. A database without is none: a process was killed before it made them.
pub(crate) fn has_tables(path: &Path) -> bool {
    let tables = || -> rusqlite::Result<i64> {
        let connection = Connection::open(path)?;
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
    };
    path.exists() && !matches!(tables(), Ok(0))
}

/// The settings that decide.
pub(crate) fn settings(connection: &Connection) -> rusqlite::Result<StudySettings> {
    let mut query = connection.prepare("SELECT name, value FROM settings WHERE decides")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

impl Database {
    /// A new file. `fill` writes into the new tables, in one transaction with their making.
    ///
    /// # Errors
    /// One that is there already; a folder that cannot be written to.
    pub(crate) fn create(
        path: PathBuf,
        schema: Schema,
        settings: &StudySettings,
        notes: &StudySettings,
        fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Self, StudyError> {
        if has_tables(&path) {
            return Err(StudyError::Exists { path });
        }
        let mut database = Self::connect(path)?;
        database.write(|transaction| {
            transaction.execute_batch(SETTINGS)?;
            transaction.execute_batch(schema.tables)?;
            transaction.pragma_update(None, "user_version", schema.version)?;
            let mut insert = transaction
                .prepare("INSERT INTO settings (name, value, decides) VALUES (?, ?, ?)")?;
            for (decides, pairs) in [(true, settings), (false, notes)] {
                for (name, value) in pairs {
                    insert.execute(params![name, value, decides])?;
                }
            }
            fill(transaction)
        })?;
        Ok(database)
    }

    /// A file to go on with, made with the same settings.
    ///
    /// # Errors
    /// No file; one of another version; the first setting that differs.
    pub(crate) fn resume(
        path: PathBuf,
        schema: Schema,
        wanted: &StudySettings,
    ) -> Result<Self, StudyError> {
        if !has_tables(&path) {
            return Err(StudyError::Missing { path });
        }
        let database = Self::connect(path)?;
        let version = |connection: &Connection| {
            connection.pragma_query_value(None, "user_version", |row| row.get(0))
        };
        let found: i64 = database.read(version)?;
        if found != schema.version {
            let (path, supported) = (database.path, schema.version);
            return Err(StudyError::Version { path, found, supported });
        }
        let stored = database.read(settings)?;
        for name in stored.keys().chain(wanted.keys()) {
            let (stored, wanted) = (stored.get(name), wanted.get(name));
            if stored != wanted {
                let text = |value: Option<&String>| value.cloned().unwrap_or_default();
                return Err(StudyError::OtherSettings {
                    path: database.path,
                    name: name.clone(),
                    stored: text(stored),
                    wanted: text(wanted),
                });
            }
        }
        Ok(database)
    }

    fn connect(path: PathBuf) -> Result<Self, StudyError> {
        let failed = |source| StudyError::Database { path: path.clone(), source };
        let connection = Connection::open(&path).map_err(failed)?;
        connection.execute_batch(CONNECT).map_err(failed)?;
        Ok(Self { path, connection })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StudyError> {
        query(&self.connection)
            .map_err(|source| StudyError::Database { path: self.path.clone(), source })
    }

    /// Gives back the room of deleted content.
    pub(crate) fn compact(&mut self) -> Result<(), StudyError> {
        self.read(|connection| connection.execute_batch("VACUUM"))
    }

    /// A change that is made whole or not at all.
    pub(crate) fn write(
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
