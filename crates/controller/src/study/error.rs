//! Why a study cannot be used.

use std::path::PathBuf;

use super::difference::SettingDifference;
use super::manifest::ManifestError;

/// What is wrong with a study, with its path.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// A new study would overwrite an existing one.
    #[error("{}: holds a study already; resume it with --resume, or choose another --out", path.display())]
    Exists {
        /// The path of the database.
        path: PathBuf,
    },
    /// There is no study to resume or to read.
    #[error("{}: no study there", path.display())]
    Missing {
        /// The path of the database.
        path: PathBuf,
    },
    /// The study was made by another version of nas.
    #[error("{}: found study version {found}; expected: {supported}", path.display())]
    Version {
        /// The path of the database.
        path: PathBuf,
        /// The version that was found.
        found: i64,
        /// The version that this nas reads.
        supported: i64,
    },
    /// The settings of a study are invalid.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The path of the database.
        path: PathBuf,
        /// The setting that is invalid.
        source: ManifestError,
    },
    /// The study was made by an earlier version of nas and can be read, but not continued.
    #[error(
        "{}: cannot be resumed: an earlier version of nas made it (found study version {found}; \
         expected: {supported}); start a new one with another --out",
        path.display()
    )]
    Older {
        /// The path of the database.
        path: PathBuf,
        /// The version that was found.
        found: i64,
        /// The version that this nas continues.
        supported: i64,
    },
    /// The study belongs to another search.
    #[error("{}: another study: its {difference}", path.display())]
    OtherSettings {
        /// The path of the database.
        path: PathBuf,
        /// The first setting that differs.
        difference: SettingDifference,
    },
    /// A genotype belongs to another space.
    #[error("{}: {source}", path.display())]
    Genotype {
        /// The path of the database.
        path: PathBuf,
        /// What is wrong with the genotype.
        source: search_space::Invalid,
    },
    /// SQLite failed, for example because the disk is full, a permission is missing, or the file is
    /// not a database.
    #[error("{}: {source}", path.display())]
    Database {
        /// The path of the database.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}
