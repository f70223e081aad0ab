//! RON files with `format` at their head, whole or not there.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ron::Options;
use ron::extensions::Extensions;
use ron::ser::PrettyConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Syntax, types, unknown fields, values that cannot be.
    #[error("{path}, line {line}, column {column}: {message}")]
    Ron {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What was found and what is expected.
        message: String,
    },
    /// A file written by another version of the tool.
    #[error("{path}: format: found {found}; expected: {supported} (a later nas wrote this file)")]
    Format {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The one that this version reads.
        supported: u32,
    },
}

fn options() -> Options {
    Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// `None` where there is no such file.
pub(crate) fn load<T: DeserializeOwned>(path: &Path, format: u32) -> Result<Option<T>, FileError> {
    /// Read first and leniently, so that a later format is called that, not a typing error.
    #[derive(Deserialize)]
    #[serde(rename = "")]
    struct Versioned {
        format: u32,
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FileError::Io { path: path.to_owned(), source }),
    };
    // The struct's name differs from file to file; without one, RON reads any.
    let body = text.find('(').map_or("", |open| &text[open..]);
    match options().from_str::<Versioned>(body) {
        Ok(Versioned { format: found }) if found != format => {
            Err(FileError::Format { path: path.to_owned(), found, supported: format })
        }
        _ => options().from_str(&text).map(Some).map_err(|error| FileError::Ron {
            path: path.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            message: error.code.to_string(),
        }),
    }
}

/// Writes to a temporary name beside `path`, then renames: readers see the old file or the new one,
/// also after a crash. Makes the folder where there is none.
pub(crate) fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), FileError> {
    let config = PrettyConfig::new().struct_names(true).depth_limit(2).new_line("\n");
    // Lists are one element a line: nesting beyond them is on that line.
    let text = options().to_string_pretty(value, config).map_err(io::Error::other);
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let write = |text: String| {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    text.and_then(write).map_err(|source| {
        // What is left of a failed attempt; it may never have been made.
        let _ = fs::remove_file(&temporary);
        FileError::Io { path: path.to_owned(), source }
    })
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(FileError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// `2026-11-23T17:04:05Z`
pub(crate) fn utc_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Serialises a value by its one-line text form.
pub(crate) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
