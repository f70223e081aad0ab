//! Tables of trained networks in the form of Accel-NASBench.

use std::fs::File;
use std::path::Path;

use csv::StringRecord;
use search_space::{Choice, Genotype, SeRule, SearchSpace};

use super::SurrogateError;

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The network.
    pub genotype: Genotype,
    /// Top-1, a fraction.
    pub accuracy: f64,
    /// The table's own count of multiply-adds, in millions.
    pub macs_millions: f64,
}

const COLUMNS: [&str; 6] = ["expand7", "kernel7", "layers7", "se7", "val_top1", "macs_M"];
const TOP1: usize = 4;
const MACS: usize = 5;

/// Reads a table with the columns `expand7`, `kernel7`, `layers7`, `se7` (one digit a stage: the
/// value, not its index), `val_top1` (per cent) and `macs_M`; others are ignored.
///
/// # Errors
/// What was found and what is allowed, with file, line and column.
pub fn read_table(space: &SearchSpace, path: &Path) -> Result<Vec<Row>, SurrogateError> {
    let file = path.display().to_string();
    let reader = File::open(path)
        .map_err(|source| SurrogateError::Unreadable { file: file.clone(), source })?;
    let mut reader = csv::Reader::from_reader(reader);
    let table_error = |line, message| SurrogateError::Table { file: file.clone(), line, message };
    let syntax = |error: csv::Error| {
        table_error(error.position().map_or(1, csv::Position::line), error.to_string())
    };
    let header = reader.headers().map_err(syntax)?.clone();
    let place = |column: &str| {
        header.iter().position(|name| name == column).ok_or_else(|| {
            let found = header.iter().collect::<Vec<_>>().join(",");
            table_error(1, format!("found columns {found}; allowed: {}", COLUMNS.join(",")))
        })
    };
    let places = COLUMNS.iter().map(|column| place(column)).collect::<Result<Vec<_>, _>>()?;

    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(syntax)?;
        let cells = Cells { space, file: &file, record: &record, places: &places };
        rows.push(Row {
            genotype: cells.genotype()?,
            accuracy: cells.number(TOP1, "per cent, above 0 and below 100", |v| v < 100.0)? / 100.0,
            macs_millions: cells.number(MACS, "millions, above 0", f64::is_finite)?,
        });
    }
    Ok(rows)
}

/// One line of a table.
struct Cells<'a> {
    space: &'a SearchSpace,
    file: &'a str,
    record: &'a StringRecord,
    places: &'a [usize],
}

impl Cells<'_> {
    fn text(&self, column: usize) -> &str {
        self.record.get(self.places[column]).unwrap_or_default()
    }

    fn error(&self, column: usize, allowed: impl Into<String>) -> SurrogateError {
        SurrogateError::Cell {
            file: self.file.into(),
            line: self.record.position().map_or(0, csv::Position::line),
            column: COLUMNS[column].into(),
            found: self.text(column).into(),
            allowed: allowed.into(),
        }
    }

    fn number(
        &self,
        column: usize,
        allowed: &str,
        below_limit: impl Fn(f64) -> bool,
    ) -> Result<f64, SurrogateError> {
        let value = self.text(column).parse().ok().filter(|&v: &f64| v > 0.0 && below_limit(v));
        value.ok_or_else(|| self.error(column, allowed))
    }

    fn genotype(&self) -> Result<Genotype, SurrogateError> {
        let stages = self.space.stages.len();
        if let Some(column) = (0..TOP1).find(|&c| self.text(c).chars().count() != stages) {
            return Err(self.error(column, format!("{stages} digits, one for each stage")));
        }
        let mut indices = Vec::new();
        for (index, stage) in self.space.stages.iter().enumerate() {
            for choice in stage.choices.iter().filter(|choice| choice.len() > 1) {
                let Some((column, values)) = column_of(choice) else {
                    let place = format!("stages[{index}].{}", choice.name());
                    let allowed = "choices of Expand, Kernel, Layers and Se";
                    return Err(SurrogateError::value(place, "a choice", allowed));
                };
                let digit = self.text(column).chars().nth(index).and_then(|c| c.to_digit(10));
                let option = values.iter().position(|&value| digit.map(f64::from) == Some(value));
                let option = option.ok_or_else(|| {
                    self.error(column, format!("{values:?} as digit {} of {stages}", index + 1))
                })?;
                indices.push(option as u8);
            }
        }
        Ok(Genotype(indices))
    }
}

/// The column that holds a choice, and what its digits mean, by index of the option.
fn column_of(choice: &Choice) -> Option<(usize, Vec<f64>)> {
    let numbers = |options: &[usize]| options.iter().map(|&option| option as f64).collect();
    match choice {
        Choice::Expand(options) => Some((0, options.clone())),
        Choice::Kernel(options) => Some((1, numbers(options))),
        Choice::Layers(options) => Some((2, numbers(options))),
        Choice::Se(options) => {
            let on = |rule: &SeRule| f64::from(u8::from(*rule != SeRule::None));
            Some((3, options.iter().map(on).collect()))
        }
        _ => None,
    }
}
