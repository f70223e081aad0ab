//! Why data cannot be used.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

/// A file or setting, what was found there and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder that is not what its format says.
    #[error("{}: found {found}; allowed: {allowed}", path.display())]
    Content {
        /// The file or folder.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it may hold.
        allowed: String,
    },
    /// A setting that cannot be.
    #[error("{place}: found {found}; allowed: {allowed}")]
    Setting {
        /// Its name.
        place: String,
        /// Its value.
        found: String,
        /// Its possible values.
        allowed: String,
    },
    /// A data set that could not be fetched.
    #[error(transparent)]
    Fetch(FetchError),
    /// Too many images that do not decode.
    #[error(
        "{}: found {} of {images} images that do not decode, the first of them {}; allowed: 1 %",
        path.display(), skipped.len(),
        skipped.first().map(ToString::to_string).unwrap_or_default()
    )]
    TooManyBroken {
        /// The split's folder.
        path: PathBuf,
        /// The images.
        skipped: Vec<Skipped>,
        /// Of the split, these among them.
        images: usize,
    },
}

/// Why a data set could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection, or one that broke again and again.
    #[error("{url}: {message}; the next try goes on from what came")]
    Connection {
        /// What was asked for.
        url: String,
        /// Why.
        message: String,
    },
    /// The server does not give the file.
    #[error("{url}: the server answers {status}")]
    Refused {
        /// What was asked for, after redirections.
        url: String,
        /// Its status line.
        status: String,
    },
    /// What came is no gzipped tar file.
    #[error("{url}: the file does not unpack ({message}) and was removed")]
    Archive {
        /// What was asked for.
        url: String,
        /// What the decoder says.
        message: String,
    },
    /// A file is missing or is another one.
    #[error("{}: found SHA-256 {found}; allowed: {allowed}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Its checksum.
        found: String,
        /// The one of the data set.
        allowed: String,
    },
}

/// An image that does not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What the decoder says.
    pub message: String,
}

impl DataError {
    pub(crate) fn content(
        path: impl Into<PathBuf>,
        found: impl Display,
        allowed: impl Display,
    ) -> Self {
        let (found, allowed) = (found.to_string(), allowed.to_string());
        Self::Content { path: path.into(), found, allowed }
    }

    pub(crate) fn setting(place: &str, found: impl Display, allowed: impl Display) -> Self {
        let (found, allowed) = (found.to_string(), allowed.to_string());
        Self::Setting { place: place.to_owned(), found, allowed }
    }
}

/// For `map_err` on what reads `path`.
pub(crate) fn io_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> DataError {
    let path = path.into();
    |source| DataError::Io { path, source }
}
