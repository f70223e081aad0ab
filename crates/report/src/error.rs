//! Why a figure or a file could not be made.

use std::error::Error;
use std::path::PathBuf;

/// Why a figure or a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A figure has a value that cannot be drawn.
    #[error("{place}: found {found}; expected: {expected}")]
    NotPlottable {
        /// Where the value stands in the figure, such as `latency of front[3]`.
        place: String,
        /// The value.
        found: f64,
        /// The values that can be drawn there.
        expected: &'static str,
    },
    /// A number in a CSV row is infinite or NaN.
    #[error("row {row}, column `{column}`: found {found}; expected: finite numbers")]
    NotFinite {
        /// The row, counted from 1 after the header.
        row: usize,
        /// The column's name in the header.
        column: String,
        /// The value.
        found: f64,
    },
    /// A CSV row has more or fewer cells than the header.
    #[error("row {row}: found {found} cells; expected: {expected}, as in the header")]
    RowLength {
        /// The row, counted from 1 after the header.
        row: usize,
        /// The number of cells in the row.
        found: usize,
        /// The number of columns in the header.
        expected: usize,
    },
    /// The drawing backend failed.
    #[error("the figure could not be drawn")]
    Drawing(#[source] Box<dyn Error + Send + Sync>),
    /// The PNG encoder failed.
    #[error("the PNG could not be encoded")]
    Png(#[from] png::EncodingError),
    /// The CSV writer failed.
    #[error("the CSV rows could not be encoded")]
    Csv(#[from] csv::Error),
    /// The file could not be written or renamed.
    #[error("{} could not be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}
