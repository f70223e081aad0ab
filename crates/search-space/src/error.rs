//! Errors that name the place of the fault.

use std::fmt::Display;

use serde::{Serialize, Serializer};

/// A value that parses but is not valid in a network or space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: found {found}; expected: {expected}")]
pub struct Invalid {
    /// Path of the value in the file, such as `blocks[5].groups`.
    pub place: String,
    /// The value at that place.
    pub found: String,
    /// The values that are valid there.
    pub expected: String,
}

/// Serialises as the error message.
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

    /// Returns the same error with `prefix` before its place.
    pub(crate) fn within(mut self, prefix: &str) -> Self {
        self.place = format!("{prefix}.{}", self.place);
        self
    }
}

/// Why a text cannot be parsed as a network, a space, or a name with options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A RON syntax error, an unknown field or a wrong type.
    #[error("line {line}, column {column}: {message}")]
    Ron {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What the parser found and what it expected.
        message: String,
    },
    /// A file in a format that this version does not read.
    #[error(
        "format: found {found}; expected: {supported} (another version of nas wrote this file)"
    )]
    Format {
        /// Format of the file.
        found: u32,
        /// Format that this version reads.
        supported: u32,
    },
    /// Values that do not fit together.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
