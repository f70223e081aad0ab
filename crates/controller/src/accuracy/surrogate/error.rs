//! Errors of the data, files and predictions of surrogates.

use std::fmt::Display;

use search_space::Invalid;

use crate::csv_file::CsvError;
use crate::gaussian_process::RegressionError;

/// Why a surrogate cannot be fitted, read, evaluated or used.
#[derive(Debug, thiserror::Error)]
pub enum SurrogateError {
    /// A table of trained networks cannot be used.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A surrogate file does not parse.
    #[error("surrogate, line {line}: {message}")]
    Ron {
        /// The line number, counted from 1.
        line: usize,
        /// What the parser found and expected.
        message: String,
    },
    /// A surrogate was fitted to another space, or to another version of this one.
    #[error(
        "this surrogate was fitted to {fitted_to}, not to {wanted}; `nas surrogate fit` makes one"
    )]
    OtherSpace {
        /// The name of the space that it was fitted to.
        fitted_to: String,
        /// The space whose accuracies are wanted: its name, and whether it only has other choices.
        wanted: String,
    },
    /// A genotype, space or value does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The networks do not determine a model.
    #[error(transparent)]
    Regression(#[from] RegressionError),
    /// A value of a surrogate or of its data is invalid.
    #[error("{place}: found {found}; expected: {expected}")]
    Value {
        /// The place of the value, such as `networks[3]`.
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
