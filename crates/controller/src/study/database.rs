//! An SQLite file in an output folder that stores what it was created for: the settings that decide
//! its contents, and notes. Studies and adaptations are such files with tables of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::difference::difference;
use super::error::StudyError;

/// The settings that distinguish one study from another: texts by name.
pub type StudySettings = BTreeMap<String, String>;

/// There is one writer. Readers see whole batches while it writes, and a killed process loses at
/// most the batch in flight.
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
    /// The version, which is kept in SQLite's `user_version`.
    pub(crate) version: i64,
    /// The SQL that creates the tables, except that of the settings.
    pub(crate) tables: &'static [&'static str],
}

/// An open database file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
}

/// Whether a file has tables. A database without tables does not count, since its process was
/// killed before it created them.
pub(crate) fn has_tables(path: &Path) -> bool {
    let tables = || -> rusqlite::Result<i64> {
        let connection = Connection::open(path)?;
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
    };
    path.exists() && !matches!(tables(), Ok(0))
}

/// The settings that decide, without the notes.
pub(crate) fn settings(connection: &Connection) -> rusqlite::Result<StudySettings> {
    let mut query = connection.prepare("SELECT name, value FROM settings WHERE decides")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

impl Database {
    /// Creates a file. `fill` writes to the new tables in the transaction that creates them.
    ///
    /// # Errors
    /// Returns an error if the file already exists, or if the folder cannot be written to.
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
            schema.tables.iter().try_for_each(|table| transaction.execute_batch(table))?;
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

    /// Opens a file that was created with the same settings, to continue it.
    ///
    /// # Errors
    /// Returns an error if there is no file, if it has another version, or if a setting differs,
    /// naming the first one.
    pub(crate) fn resume(
        path: PathBuf,
        schema: Schema,
        wanted: &StudySettings,
    ) -> Result<Self, StudyError> {
        let database = Self::open(path, schema)?;
        let stored = database.read(settings)?;
        match difference(&stored, wanted) {
            Some(difference) => Err(StudyError::OtherSettings { path: database.path, difference }),
            None => Ok(database),
        }
    }

    /// Opens an existing file.
    ///
    /// # Errors
    /// Returns an error if there is no file, or if it has another version.
    pub(crate) fn open(path: PathBuf, schema: Schema) -> Result<Self, StudyError> {
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
            return Err(match (1..supported).contains(&found) {
                true => StudyError::Older { path, found, supported },
                false => StudyError::Version { path, found, supported },
            });
        }
        Ok(database)
    }

    fn connect(path: PathBuf) -> Result<Self, StudyError> {
        let failed = |source| StudyError::Database { path: path.clone(), source };
        let connection = Connection::open(&path).map_err(failed)?;
        connection.execute_batch(CONNECT).map_err(failed)?;
        Ok(Self { path, connection })
    }

    /// The path of the file.
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

    /// Releases the disk space of deleted content.
    pub(crate) fn compact(&mut self) -> Result<(), StudyError> {
        self.read(|connection| connection.execute_batch("VACUUM"))
    }

    /// Makes a change in one transaction.
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
