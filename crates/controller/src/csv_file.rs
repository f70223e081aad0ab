//! User-supplied CSV files, plain or gzipped, with errors that name the place.

use std::fmt::Display;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use search_space::fnv1a;

/// What is wrong with a CSV file.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The path of the file as given.
        file: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The syntax or the columns are wrong, or lines contradict each other.
    #[error("{file}, line {line}: {message}")]
    Line {
        /// The path of the file as given.
        file: String,
        /// The line number, counted from 1.
        line: u64,
        /// What was found and what is expected.
        message: String,
    },
    /// A cell holds something that its column does not accept.
    #[error("{file}, line {line}, column {column}: found {found}; expected: {expected}")]
    Cell {
        /// The path of the file as given.
        file: String,
        /// The line number, counted from 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// The text of the cell; `nothing` if it is empty.
        found: String,
        /// What the column accepts.
        expected: String,
    },
}

/// A CSV file with a header, read completely.
pub(crate) struct CsvFile {
    file: String,
    header: StringRecord,
    records: Vec<StringRecord>,
    /// The 64-bit FNV-1a hash of the uncompressed text.
    pub(crate) fingerprint: u64,
}

/// The index of a column of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column(usize);

/// A line of a file.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    file: &'a CsvFile,
    record: &'a StringRecord,
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

impl CsvFile {
    pub(crate) fn read(path: &Path) -> Result<Self, CsvError> {
        let file = path.display().to_string();
        let unreadable = |source| CsvError::Unreadable { file: file.clone(), source };
        let mut bytes = std::fs::read(path).map_err(unreadable)?;
        if bytes.starts_with(&GZIP_MAGIC) {
            let mut text = Vec::new();
            MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).map_err(unreadable)?;
            bytes = text;
        }
        let fingerprint = fnv1a(bytes.iter().copied());
        if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
            let message = "found UTF-16; expected: UTF-8".to_owned();
            return Err(CsvError::Line { file, line: 1, message });
        }
        let text = bytes.strip_prefix(&UTF8_MARK).unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .delimiter(delimiter(text))
            .from_reader(text);
        let syntax = |error: csv::Error| CsvError::Line {
            file: file.clone(),
            line: error.position().map_or(1, csv::Position::line),
            message: syntax_message(&error),
        };
        let header = reader.headers().map_err(syntax)?.clone();
        let records = reader.records().collect::<Result<_, _>>().map_err(syntax)?;
        Ok(Self { file, header, records, fingerprint })
    }

    /// The column with this name. The error lists the columns that the file has.
    pub(crate) fn column(&self, name: &str) -> Result<Column, CsvError> {
        self.any_column(&[name])
    }

    /// The column with this name; `None` if the file has none.
    pub(crate) fn optional_column(&self, name: &str) -> Result<Option<Column>, CsvError> {
        let exact = |column: &str| column == name;
        let alike = |column: &str| spelling(column) == spelling(name);
        let places = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
            self.header.iter().enumerate().filter(|(_, c)| is(c)).map(|(place, _)| place).collect()
        };
        let found = Some(places(&exact)).filter(|places| !places.is_empty());
        match found.unwrap_or_else(|| places(&alike))[..] {
            [] => Ok(None),
            [place] => Ok(Some(Column(place))),
            [..] => Err(self.error(1, format!("found several columns {name}; expected: one"))),
        }
    }

    /// The column of the first of these names that the file has.
    pub(crate) fn any_column(&self, names: &[&str]) -> Result<Column, CsvError> {
        for name in names {
            if let Some(column) = self.optional_column(name)? {
                return Ok(column);
            }
        }
        let found = self.header.iter().collect::<Vec<_>>().join(",");
        let message = format!("found columns {found}; expected: {}", names.join(" or "));
        Err(self.error(1, message))
    }

    /// An error on a line of the file, counted from 1.
    pub(crate) fn error(&self, line: u64, message: impl Display) -> CsvError {
        CsvError::Line { file: self.file.clone(), line, message: message.to_string() }
    }

    pub(crate) fn name(&self, column: Column) -> &str {
        &self.header[column.0]
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line { file: self, record })
    }
}

impl<'a> Line<'a> {
    pub(crate) fn text(&self, column: Column) -> &'a str {
        self.record.get(column.0).unwrap_or_default()
    }

    /// The line number in the file, counted from 1 at the header.
    pub(crate) fn number(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// The cell as a finite number for which `is_valid` holds. `expected` describes such numbers in
    /// the error.
    pub(crate) fn value(
        &self,
        column: Column,
        expected: &str,
        is_valid: impl Fn(f64) -> bool,
    ) -> Result<f64, CsvError> {
        let value = self.text(column).parse().ok().filter(|v: &f64| v.is_finite() && is_valid(*v));
        value.ok_or_else(|| self.cell_error(column, expected))
    }

    pub(crate) fn cell_error(&self, column: Column, expected: impl Display) -> CsvError {
        CsvError::Cell {
            file: self.file.file.clone(),
            line: self.number(),
            column: self.file.name(column).to_owned(),
            found: match self.text(column) {
                "" => "nothing".to_owned(),
                text => text.to_owned(),
            },
            expected: expected.to_string(),
        }
    }

    pub(crate) fn error(&self, message: impl Display) -> CsvError {
        self.file.error(self.number(), message)
    }
}

/// The character between cells: of comma, semicolon and tab, the one that occurs most in the first
/// line outside quotes.
fn delimiter(text: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for &byte in text.iter().take_while(|byte| !b"\r\n".contains(byte)) {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == byte && !quoted) {
            *count += 1;
        }
    }
    // Of equally frequent ones, the first.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}

/// A name without case, white space, hyphens and underscores.
fn spelling(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_whitespace() && !"-_".contains(*c));
    kept.flat_map(char::to_lowercase).collect()
}

fn syntax_message(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "found {len} cells; expected: {expected_len}, as in the header; a cell with the \
             separator in it needs double quotes"
        ),
        csv::ErrorKind::Utf8 { .. } => "found bytes that are not UTF-8; expected: UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
