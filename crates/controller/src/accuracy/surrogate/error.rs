//! What can be wrong with a surrogate's data, file or question.

use std::fmt::Display;

use search_space::Invalid;

use crate::csv_file::CsvError;

/// Why there is no surrogate, evaluation or prediction.
#[derive(Debug, thiserror::Error)]
pub enum SurrogateError {
    /// A table of trained networks that cannot be used.
    #[error(transparent)]
    Csv(#[from] CsvError),
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
        "surrogate: fitted to {found}; expected: {expected} (`nas surrogate fit` makes a new one)"
    )]
    OtherSpace {
        /// Name and fingerprint in the surrogate.
        found: String,
        /// Name and fingerprint of the space.
        expected: String,
    },
    /// A genotype, space or value that does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Values of a surrogate or of its data that no fit can have or use.
    #[error("{place}: found {found}; expected: {expected}")]
    Value {
        /// Where: `networks[3]`.
        place: String,
        /// What was found.
        found: String,
        /// What is expected.
        expected: String,
    },
}

impl SurrogateError {
    pub(super) fn value(
        place: impl Into<String>,
        found: impl Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Value { place: place.into(), found: found.to_string(), expected: expected.into() }
    }
}
