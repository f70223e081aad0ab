//! Errors that name the place.

use std::fmt::Display;

use serde::{Serialize, Serializer};

/// A value that parses but that no network or space can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: found {found}; expected: {expected}")]
pub struct Invalid {
    /// Where, as a path into the file: `blocks[5].groups`.
    pub place: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

/// As its message.
impl Serialize for Invalid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Invalid {
    pub(crate) fn new(
        place: impl Into<String>,
        found: impl Display,
        expected: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), found: found.to_string(), expected: expected.into() }
    }

    /// The same error with `prefix` before its place.
    pub(crate) fn within(mut self, prefix: &str) -> Self {
        self.place = format!("{prefix}.{}", self.place);
        self
    }
}

/// Why a text is not a network, a space, a unit or a name with options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// RON syntax, an unknown field or a wrong type.
    #[error("line {line}, column {column}: {message}")]
    Ron {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser found and expected.
        message: String,
    },
    /// A file written by a later version of the tool.
    #[error("format: found {found}; expected: {supported} (a later nas wrote this file)")]
    Format {
        /// The file's format.
        found: u32,
        /// The one that this version reads.
        supported: u32,
    },
    /// Values that do not fit together.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
