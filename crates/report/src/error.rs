use std::error::Error;
use std::path::PathBuf;

/// Why a figure or a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A value that no axis can show.
    #[error("{place}: found {found}, allowed is {allowed}")]
    NotPlottable {
        /// Where the value stands in the figure, such as `latency of front[3]`.
        place: String,
        /// The value.
        found: f64,
        /// The values that can be drawn.
        allowed: &'static str,
    },
    /// A number that a CSV file cannot hold.
    #[error("row {row}, column `{column}`: found {found}, allowed are finite numbers")]
    NotFinite {
        /// Row, counted from 1 below the header.
        row: usize,
        /// Name of the column in the header.
        column: String,
        /// The value.
        found: f64,
    },
    /// A CSV row with more or fewer cells than the header.
    #[error("row {row} has {found} cells, the header has {expected}")]
    RowLength {
        /// Row, counted from 1 below the header.
        row: usize,
        /// Cells in the row.
        found: usize,
        /// Columns in the header.
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
    /// The file could not be written, or not be renamed into place.
    #[error("{} could not be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}
