//! Files that are either whole or not there.

use std::io::{self, Write};
use std::path::Path;

use crate::error::ReportError;

/// One value of a CSV row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Quoted where CSV asks for it.
    Text(String),
    /// A count.
    Count(u64),
    /// The shortest decimal that reads back as the same number; must be finite.
    Number(f64),
    /// A value that does not exist, such as the measured latency of a network nobody measured.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Cell {
        Cell::Count(count)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        Cell::Number(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// Writes a CSV file (comma, header, `\n`) by way of [`write_atomically`].
///
/// # Errors
///
/// [`ReportError::RowLength`] and [`ReportError::NotFinite`], before anything is written;
/// [`ReportError::Write`].
pub fn write_csv(
    path: &Path,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<(), ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for (index, cells) in rows.into_iter().enumerate() {
        let row = index + 1;
        if cells.len() != header.len() {
            return Err(ReportError::RowLength { row, found: cells.len(), expected: header.len() });
        }
        for (cell, column) in cells.into_iter().zip(header) {
            match cell {
                Cell::Text(text) => writer.write_field(text)?,
                Cell::Count(count) => writer.write_field(count.to_string())?,
                Cell::Number(number) if number.is_finite() => {
                    writer.write_field(number.to_string())?;
                }
                Cell::Number(found) => {
                    let column = (*column).to_owned();
                    return Err(ReportError::NotFinite { row, column, found });
                }
                Cell::Empty => writer.write_field("")?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    write_atomically(path, &bytes)
}

/// Writes `bytes` to a temporary name in the same folder, then renames it to `path`. Readers see
/// the old file or the new one, also after a crash; a failed write leaves the old one.
///
/// # Errors
///
/// [`ReportError::Write`], with the folder missing, not writable or full.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    replace(path, bytes).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut options = tempfile::Builder::new();
    options.prefix(".").suffix(".partial");
    // Without this the file keeps a temporary file's mode, readable by its owner alone.
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = options.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
