//! What can be wrong with a surrogate's data, file or question.

use std::fmt::Display;

use search_space::error::Invalid;

/// Why there is no surrogate, evaluation or prediction.
#[derive(Debug, thiserror::Error)]
pub enum SurrogateError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// Path as given.
        file: String,
        /// The system's message.
        source: std::io::Error,
    },
    /// A table whose syntax or columns are wrong.
    #[error("{file}, line {line}: {message}")]
    Table {
        /// Path as given.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What was found and what is allowed.
        message: String,
    },
    /// A cell that no network of the space can have.
    #[error("{file}, line {line}, column {column}: found {found}; allowed: {allowed}")]
    Cell {
        /// Path as given.
        file: String,
        /// Counted from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        allowed: String,
    },
    /// A surrogate file that does not parse.
    #[error("surrogate, line {line}: {message}")]
    Ron {
        /// Counted from 1.
        line: usize,
        /// What the parser found and expected.
        message: String,
    },
    /// A surrogate that was fitted to another space or to another state of this one.
    #[error(
        "surrogate: fitted to {found}; allowed: {allowed} (`nas surrogate fit` makes a new one)"
    )]
    OtherSpace {
        /// Name and fingerprint in the surrogate.
        found: String,
        /// Name and fingerprint of the space.
        allowed: String,
    },
    /// A genotype, space or value that does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Values of a surrogate or of its data that no fit can have or use.
    #[error("{place}: found {found}; allowed: {allowed}")]
    Value {
        /// Where: `networks[3]`.
        place: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
}

impl SurrogateError {
    pub(super) fn value(
        place: impl Into<String>,
        found: impl Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Value { place: place.into(), found: found.to_string(), allowed: allowed.into() }
    }
}
