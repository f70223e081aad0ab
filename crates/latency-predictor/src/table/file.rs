//! RON files that begin with their format and that are written completely or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::RangeInclusive;
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
    /// The operating system reports an error.
    #[error("{path}: {source}")]
    Io {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A syntax error, a wrong type, an unknown field or an impossible value.
    #[error("{path}, line {line}, column {column}: {message}")]
    Ron {
        /// Path of the file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What the parser found and what it expected.
        message: String,
    },
    /// A file in a format that this version does not read.
    #[error(
        "{path}: format: found {found}; expected: {supported} (another version of nas wrote this file)"
    )]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// Format of the file.
        found: u32,
        /// The latest format that this version reads.
        supported: u32,
    },
}

fn options() -> Options {
    Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// Loads a value from a file in one of these formats. `None` if there is no such file.
pub(crate) fn load<T: DeserializeOwned>(
    path: &Path,
    formats: RangeInclusive<u32>,
) -> Result<Option<T>, FileError> {
    /// Parsed first, and without the other fields, so that a later format is reported as such and
    /// not as a syntax error.
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
    // The name of the struct differs between files. RON accepts a struct without its name.
    let body = text.find('(').map_or("", |open| &text[open..]);
    match options().from_str::<Versioned>(body) {
        Ok(Versioned { format: found }) if !formats.contains(&found) => {
            Err(FileError::Format { path: path.to_owned(), found, supported: *formats.end() })
        }
        _ => options().from_str(&text).map(Some).map_err(|error| FileError::Ron {
            path: path.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            message: error.code.to_string(),
        }),
    }
}

/// Writes to a temporary file beside `path` and then renames it, so that readers see either the old
/// file or the new one, even after a crash. Creates the folder if there is none.
pub(crate) fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), FileError> {
    let config = PrettyConfig::new().struct_names(true).depth_limit(2).new_line("\n");
    // Lists have one element per line, with everything nested in the element on the same line.
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
        // Removes what a failed attempt has left. The temporary file may not exist.
        let _ = fs::remove_file(&temporary);
        FileError::Io { path: path.to_owned(), source }
    })
}

/// Removes a file. It is no error if there is none.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(FileError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The current time, such as `2026-11-23T17:04:05Z`.
pub(crate) fn utc_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Serialises a value as its text form.
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
