//! Accuracies, and optionally latencies, from a user's table, which turns any NAS benchmark into a
//! search problem.

use std::collections::HashMap;
use std::path::Path;

use search_space::{Domain, Genotype, SearchSpace};

use super::architectures::{self, Architectures};
use super::scale::{Scale, WrittenAccuracy, scale};
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

impl AccuracyTable {
    /// Reads a CSV file, plain or gzipped, whose cells are separated by commas, semicolons or tabs.
    /// With a space, the architectures are its genotypes. Without one, the choices are derived from
    /// the file: there is one for each position, and its options are the values that occur there.
    /// The positions are digits, or values between separators, such as the operations of
    /// NAS-Bench-201's cells, `(0, 2, 1)` or `8:64:16`.
    ///
    /// # Errors
    /// [`CsvError`] with file, line and column, which says what was found and what is expected.
    /// Architectures of different lengths, accuracies of which some are fractions and others in per
    /// cent, and a genotype that occurs twice with different values are errors.
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
            (None, None) => file.optional_column(DEFAULT_LATENCY)?,
            // The networks of a space have latencies of their own.
            (None, Some(_)) => None,
        };
        let read_columns: Vec<Column> =
            [Some(arch), Some(accuracy), latency].into_iter().flatten().collect();

        let Architectures { domain, genotypes } = match space {
            Some(space) => of_space(&file, arch, space)?,
            None => architectures::read(&file, arch, &name_of(path))?,
        };
        let mut written = Vec::with_capacity(genotypes.len());
        for line in file.lines() {
            let expected = "a fraction from 0 to 1, or per cent";
            let value = line.value(accuracy, expected, |v| (0.0..=100.0).contains(&v))?;
            written.push(WrittenAccuracy { line: line.number(), value });
        }
        let scale = scale(&written).map_err(|mixed| {
            let line = mixed.fractions[0].line;
            file.error(line, format!("column {}: {mixed}", file.name(accuracy)))
        })?;
        let mut rows: HashMap<Genotype, (u64, Known)> = HashMap::new();
        for (line, genotype) in file.lines().zip(genotypes) {
            let known = Known {
                accuracy: fraction(line.text(accuracy), scale).ok_or_else(|| {
                    line.cell_error(accuracy, "a fraction from 0 to 1, or per cent")
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
        let rows: HashMap<Genotype, Known> =
            rows.into_iter().map(|(genotype, (_, known))| (genotype, known)).collect();
        if rows.is_empty() {
            return Err(file.error(1, architectures::NONE));
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

/// The genotypes of a space.
fn of_space(file: &CsvFile, arch: Column, space: &SearchSpace) -> Result<Architectures, CsvError> {
    let domain = space.domain();
    let genotype = |line: Line<'_>| domain.parse(line.text(arch)).map_err(|e| line.error(e));
    let genotypes = file.lines().map(genotype).collect::<Result<_, _>>()?;
    Ok(Architectures { domain, genotypes })
}

/// The fraction nearest to an accuracy as the file has it: 90.3167 % are 0.903167, while the nearest
/// number to 90.3167 divided by 100 is another one.
fn fraction(text: &str, scale: Scale) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    match scale {
        Scale::Fractions => Some(value),
        Scale::PerCent => Some(format!("{text}e-2").parse().unwrap_or(value / 100.0)),
    }
}
