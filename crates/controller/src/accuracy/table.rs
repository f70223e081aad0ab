//! Accuracies, and optionally latencies, from a user's table, which turns any NAS benchmark into a
//! search problem.

use std::collections::HashMap;
use std::path::Path;

use search_space::{Domain, DomainChoice};
use search_space::{Genotype, SearchSpace};

use crate::csv_file::{Column, CsvError, CsvFile, Line};

/// The names of the columns to read; `None` stands for the default names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableColumns {
    /// The column of genotypes; by default `genotype` or `arch`.
    pub arch: Option<String>,
    /// The column of accuracies; by default `accuracy` or `mean_acc`.
    pub accuracy: Option<String>,
    /// The column of latencies in milliseconds; by default `latency_ms`, if the table is read
    /// without a space and has such a column.
    pub latency: Option<String>,
}

/// The values that a table has for a genotype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The accuracy, a fraction.
    pub accuracy: f64,
    /// The latency in milliseconds; `None` if no latency column was read.
    pub latency_ms: Option<f64>,
}

/// The scale of the accuracies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to 1.
    Fractions,
    /// From 0 to 100, which is assumed if any accuracy is above 1.
    PerCent,
}

/// A table of architectures.
#[derive(Clone, Debug)]
pub struct AccuracyTable {
    /// The genotypes of the table.
    pub domain: Domain,
    /// The scale of the accuracies in the file.
    pub scale: Scale,
    /// The 64-bit FNV-1a hash of the file's text.
    pub fingerprint: u64,
    /// The names of the columns that were read: architectures, accuracies, and latencies if there
    /// are any.
    pub columns: Vec<String>,
    /// The name of the file without its extensions.
    pub name: String,
    rows: HashMap<Genotype, Known>,
}

const DEFAULT_ARCH: [&str; 2] = ["genotype", "arch"];
const DEFAULT_ACCURACY: [&str; 2] = ["accuracy", "mean_acc"];
const DEFAULT_LATENCY: &str = "latency_ms";
/// The number of digits in base 36.
const MAX_OPTIONS: usize = 36;

impl AccuracyTable {
    /// Reads a CSV file, plain or gzipped. With a space, the architectures are its genotypes.
    /// Without one, the choices are derived from the file: there is one for each digit position,
    /// and its options are the digits that occur there.
    ///
    /// # Errors
    /// [`CsvError`] with file, line and column, which says what was found and what is expected. A
    /// genotype that occurs twice with different values is an error.
    pub fn read(
        path: &Path,
        columns: &TableColumns,
        space: Option<&SearchSpace>,
    ) -> Result<Self, CsvError> {
        let file = CsvFile::read(path)?;
        let named = |name: &Option<String>, defaults: &[&str]| match name {
            Some(name) => file.column(name),
            None => file.any_column(defaults),
        };
        let arch = named(&columns.arch, &DEFAULT_ARCH)?;
        let accuracy = named(&columns.accuracy, &DEFAULT_ACCURACY)?;
        let latency = match (&columns.latency, space) {
            (Some(name), _) => Some(file.column(name)?),
            (None, None) => file.column(DEFAULT_LATENCY).ok(),
            // The networks of a space have latencies of their own.
            (None, Some(_)) => None,
        };
        let read_columns: Vec<Column> =
            [Some(arch), Some(accuracy), latency].into_iter().flatten().collect();

        let domain = match space {
            Some(space) => space.domain(),
            None => domain_of_digits(&file, arch, &name_of(path))?,
        };
        let mut rows: HashMap<Genotype, (u64, Known)> = HashMap::new();
        for line in file.lines() {
            let genotype = domain.parse(line.text(arch)).map_err(|error| line.error(error))?;
            let known = Known {
                accuracy: line.value(accuracy, "a fraction from 0 to 1, or per cent", |v| {
                    (0.0..=100.0).contains(&v)
                })?,
                latency_ms: latency
                    .map(|latency| line.value(latency, "milliseconds above 0", |v| v > 0.0))
                    .transpose()?,
            };
            let before = rows.entry(genotype).or_insert((line.number(), known));
            if before.1 != known {
                let (arch, first) = (line.text(arch), before.0);
                let message =
                    format!("found {arch} on line {first} with another value; expected: the same");
                return Err(line.error(message));
            }
        }
        let per_cent = rows.values().any(|(_, known)| known.accuracy > 1.0);
        let scale = if per_cent { Scale::PerCent } else { Scale::Fractions };
        let divisor = if per_cent { 100.0 } else { 1.0 };
        let fraction = |(genotype, (_, known)): (Genotype, (u64, Known))| {
            (genotype, Known { accuracy: known.accuracy / divisor, ..known })
        };
        let rows: HashMap<Genotype, Known> = rows.into_iter().map(fraction).collect();
        if rows.is_empty() {
            let message = "found no architectures; expected: at least one".to_owned();
            return Err(CsvError::Line { file: path.display().to_string(), line: 1, message });
        }
        Ok(Self {
            domain: domain.restricted_to(rows.keys().cloned()),
            scale,
            fingerprint: file.fingerprint,
            columns: read_columns.into_iter().map(|column| file.name(column).to_owned()).collect(),
            name: name_of(path),
            rows,
        })
    }

    /// The name of the latency column; `None` if none was read.
    pub fn latency_column(&self) -> Option<&str> {
        self.columns.get(2).map(String::as_str)
    }

    /// All genotypes with their values, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = (&Genotype, Known)> {
        self.rows.iter().map(|(genotype, known)| (genotype, *known))
    }

    /// The values of a genotype; `None` if the table lacks it.
    pub fn get(&self, genotype: &Genotype) -> Option<Known> {
        self.rows.get(genotype).copied()
    }
}

/// The name of the file without its extensions.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A domain with one choice per digit position, each in a group of its own.
fn domain_of_digits(file: &CsvFile, arch: Column, name: &str) -> Result<Domain, CsvError> {
    let mut seen: Vec<Vec<char>> = Vec::new();
    let mut first: Option<Line<'_>> = None;
    for line in file.lines() {
        let text = line.text(arch);
        let like = *first.get_or_insert(line);
        let length = like.text(arch).chars().count();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(line.cell_error(arch, "digits and letters, one for each choice"));
        }
        if text.chars().count() != length {
            let expected = format!("{length} digits, as on line {}", like.number());
            return Err(line.cell_error(arch, expected));
        }
        seen.resize(length, Vec::new());
        for (digits, digit) in seen.iter_mut().zip(text.chars()) {
            if !digits.contains(&digit) {
                digits.push(digit);
            }
            if digits.len() > MAX_OPTIONS {
                let expected = format!("at most {MAX_OPTIONS} digits at each position");
                return Err(line.cell_error(arch, expected));
            }
        }
    }
    let choice = |(index, mut digits): (usize, Vec<char>)| {
        digits.sort_unstable();
        DomainChoice { name: format!("digit {}", index + 1), digits }
    };
    let groups = (0..seen.len()).map(|index| vec![index]).collect();
    let choices = seen.into_iter().enumerate().map(choice).collect();
    Ok(Domain::new(name.to_owned(), choices, groups))
}
