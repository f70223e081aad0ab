//! Why a study cannot be used.

use std::path::PathBuf;

/// The study's path and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// A new study would overwrite it.
    #[error("{}: holds a study already; resume it with --resume, or choose another --out", path.display())]
    Exists {
        /// The database.
        path: PathBuf,
    },
    /// Nothing to resume or to read.
    #[error("{}: no study there", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// Made by another version of nas.
    #[error("{}: found study version {found}; expected: {supported}", path.display())]
    Version {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The one that this nas reads.
        supported: i64,
    },
    /// A study of another search.
    #[error("{}: another study: its {name} is {stored}, not {wanted}", path.display())]
    OtherSettings {
        /// The database.
        path: PathBuf,
        /// The setting that differs.
        name: String,
        /// In the study.
        stored: String,
        /// As asked for now.
        wanted: String,
    },
    /// A genotype of another space.
    #[error("{}: {source}", path.display())]
    Genotype {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        source: search_space::Invalid,
    },
    /// SQLite failed: a full disk, no permission, not a database.
    #[error("{}: {source}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}
