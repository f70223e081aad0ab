//! Writing files, CSV and figures among them, so that they are either complete or not there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::ReportError;
use crate::paint::Format;

/// One value of a CSV row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text. It is quoted if necessary.
    Text(String),
    /// A count.
    Count(u64),
    /// A finite number, written as the shortest decimal that reads back as the same number.
    Number(f64),
    /// A value that does not exist, such as the measured latency of a network that was not
    /// measured.
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

/// Writes a CSV file with a header by [`write_atomically`]. The delimiter is a comma, and lines end
/// in `\n`.
///
/// # Errors
///
/// [`ReportError::RowLength`] if a row has more or fewer cells than the header, and
/// [`ReportError::NotFinite`] if a number is infinite or NaN. Nothing is written then.
/// [`ReportError::Write`] as in [`write_atomically`].
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

/// Writes a figure to `NAME.svg` and `NAME.png` in `folder`, each by [`write_atomically`]. `draw` is
/// one of the functions that draw figures. Returns the paths of the files.
///
/// # Errors
///
/// Those of `draw`, and [`ReportError::Write`] as in [`write_atomically`].
pub fn write_figure(
    folder: &Path,
    name: &str,
    draw: impl Fn(Format) -> Result<Vec<u8>, ReportError>,
) -> Result<[PathBuf; 2], ReportError> {
    let [svg, png] = ["svg", "png"].map(|extension| folder.join(format!("{name}.{extension}")));
    write_atomically(&svg, &draw(Format::Svg)?)?;
    write_atomically(&png, &draw(Format::Png)?)?;
    Ok([svg, png])
}

/// Writes `bytes` to a temporary file in the same folder, and then renames it to `path`. Readers
/// see the complete old file or the complete new one, even after a crash. If the write fails, the
/// old file stays.
///
/// # Errors
///
/// [`ReportError::Write`] if the folder is missing, cannot be written to, or is on a full disk.
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
    // Otherwise only the owner could read the file, as is usual for temporary files.
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = options.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
