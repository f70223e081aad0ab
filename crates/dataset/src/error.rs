//! Why a data set cannot be loaded, fetched or prepared.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use crate::remark::write_lines;

/// Why a data set cannot be loaded, fetched or prepared.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system could not read or write a file or folder.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The content of a file or folder is not in the expected format.
    #[error("{}: found {found}; expected: {expected}", path.display())]
    Content {
        /// The file or folder.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What it may have.
        expected: String,
    },
    /// A setting is out of range.
    #[error("{place}: found {found}; expected: {expected}")]
    Setting {
        /// The name of the setting, such as `batch` or `shapes:classes`.
        place: String,
        /// Its value.
        found: String,
        /// The values that it may have.
        expected: String,
    },
    /// Classes that are not those of a network, by name.
    #[error(
        "{}",
        class_differences([("unknown to the network", unknown), ("missing from the data", missing)])
    )]
    Classes {
        /// The classes that the network does not know.
        unknown: Vec<String>,
        /// The network's classes that the data set does not have.
        missing: Vec<String>,
    },
    /// The threads that prepare batches could not be started.
    #[error("{threads} threads to prepare images could not be started: {message}")]
    Threads {
        /// How many threads were asked for.
        threads: usize,
        /// What the operating system said.
        message: String,
    },
    /// A data set could not be downloaded.
    #[error(transparent)]
    Fetch(FetchError),
    /// Too many images of a split cannot be decoded.
    #[error(
        "{}: found {} of {images} images that cannot be decoded; expected: at most 1 %, which are \
         left out{}",
        path.display(), skipped.len(), Lines(skipped)
    )]
    TooManySkipped {
        /// The split's folder.
        path: PathBuf,
        /// The images that cannot be decoded.
        skipped: Vec<Skipped>,
        /// The number of all images of the split.
        images: usize,
    },
}

/// Why a data set could not be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no connection, or it broke again and again.
    #[error("{url}: {message}; the next attempt continues where this one stopped")]
    Connection {
        /// The requested address.
        url: String,
        /// Why the last connection ended.
        message: String,
    },
    /// The server does not give out the file.
    #[error("{url}: the server answers {status}")]
    Refused {
        /// The requested address, after redirections.
        url: String,
        /// The status of the answer, such as `404 Not Found`.
        status: String,
    },
    /// The downloaded file is not a gzipped tar archive.
    #[error("{url}: the file does not unpack ({message}) and was removed")]
    Archive {
        /// The requested address.
        url: String,
        /// What the decoder said.
        message: String,
    },
    /// A file of the data set is missing or has another content.
    #[error(
        "{}: found {}; expected: SHA-256 {expected}",
        path.display(),
        found.as_ref().map_or("no such file".to_owned(), |sum| format!("SHA-256 {sum}"))
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Its SHA-256, or `None` if there is no such file.
        found: Option<String>,
        /// The SHA-256 that the file should have.
        expected: String,
    },
}

/// So many classes are named in a message.
const MAX_NAMED: usize = 5;

/// Says which classes differ, leaving out the kinds of difference that do not occur.
fn class_differences(differences: [(&str, &Vec<String>); 2]) -> String {
    let occurring = differences.iter().filter(|(_, names)| !names.is_empty());
    let text = |(what, names): &(&str, &Vec<String>)| {
        let named: Vec<&str> = names.iter().take(MAX_NAMED).map(String::as_str).collect();
        let more = match names.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("classes {what}: {}{more}", named.join(", "))
    };
    occurring.map(text).collect::<Vec<_>>().join("; ")
}

/// A file that was left out because its image cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What the decoder said.
    pub message: String,
}

/// Files with what is wrong with them, one a line.
struct Lines<'a>(&'a [Skipped]);

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, self.0)
    }
}

impl DataError {
    pub(crate) fn content(
        path: impl Into<PathBuf>,
        found: impl Display,
        expected: impl Display,
    ) -> Self {
        let (found, expected) = (found.to_string(), expected.to_string());
        Self::Content { path: path.into(), found, expected }
    }

    pub(crate) fn setting(place: &str, found: impl Display, expected: impl Display) -> Self {
        let (found, expected) = (found.to_string(), expected.to_string());
        Self::Setting { place: place.to_owned(), found, expected }
    }
}

/// For `map_err` on whatever reads or writes `path`.
pub(crate) fn io_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> DataError {
    let path = path.into();
    |source| DataError::Io { path, source }
}
