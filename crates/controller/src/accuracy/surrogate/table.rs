//! Tables of trained networks in the format of Accel-NASBench.

use std::path::Path;

use search_space::{Choice, Genotype, SeRule, SearchSpace};

use super::SurrogateError;
use crate::csv_file::{Column, CsvFile, Line};

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The genotype of the network.
    pub genotype: Genotype,
    /// The top-1 accuracy, a fraction.
    pub accuracy: f64,
    /// The table's own count of multiply-adds, in millions.
    pub macs_millions: f64,
}

/// Columns with one digit per stage, which is the value and not its index.
const DIGITS: [&str; 4] = ["expand7", "kernel7", "layers7", "se7"];

/// Reads a table with the columns `expand7`, `kernel7`, `layers7` and `se7` (one digit per stage,
/// which is the value and not its index), `val_top1` (per cent) and `macs_M`. Other columns are
/// ignored.
///
/// # Errors
/// [`SurrogateError`] with file, line and column, which says what was found and what is expected.
pub fn read_table(space: &SearchSpace, path: &Path) -> Result<Vec<Row>, SurrogateError> {
    let file = CsvFile::read(path)?;
    let mut digits = Vec::with_capacity(DIGITS.len());
    for name in DIGITS {
        digits.push(file.column(name)?);
    }
    let (top1, macs) = (file.column("val_top1")?, file.column("macs_M")?);
    let row = |line: Line<'_>| {
        let percent =
            line.value(top1, "per cent, above 0 and below 100", |v| v > 0.0 && v < 100.0)?;
        let genotype = genotype(space, &line, &digits)?;
        let macs_millions = line.value(macs, "millions, above 0", |v| v > 0.0)?;
        Ok(Row { genotype, accuracy: percent / 100.0, macs_millions })
    };
    file.lines().map(row).collect()
}

fn genotype(
    space: &SearchSpace,
    line: &Line<'_>,
    digits: &[Column],
) -> Result<Genotype, SurrogateError> {
    let stages = space.stages.len();
    if let Some(column) = digits.iter().find(|&&c| line.text(c).chars().count() != stages) {
        let expected = format!("{stages} digits, one for each stage");
        return Err(line.cell_error(*column, expected).into());
    }
    let mut indices = Vec::new();
    for (index, stage) in space.stages.iter().enumerate() {
        for choice in stage.choices.iter().filter(|choice| choice.len() > 1) {
            let Some((column, values)) = column_of(choice) else {
                let place = format!("stages[{index}].{}", choice.name());
                let expected = "choices of Expand, Kernel, Layers and Se";
                return Err(SurrogateError::value(place, "a choice", expected));
            };
            let column = digits[column];
            let digit = line.text(column).chars().nth(index).and_then(|c| c.to_digit(10));
            let option = values.iter().position(|&value| digit.map(f64::from) == Some(value));
            let option = option.ok_or_else(|| {
                let values: Vec<String> = values.iter().map(f64::to_string).collect();
                let values = values.join(", ");
                line.cell_error(column, format!("{values} as digit {} of {stages}", index + 1))
            })?;
            indices.push(option as u8);
        }
    }
    Ok(Genotype(indices))
}

/// The index in [`DIGITS`] of a choice's column, and the value of each of its options.
fn column_of(choice: &Choice) -> Option<(usize, Vec<f64>)> {
    let values = |options: &[usize]| options.iter().map(|&option| option as f64).collect();
    match choice {
        Choice::Expand(options) => Some((0, options.clone())),
        Choice::Kernel(options) => Some((1, values(options))),
        Choice::Layers(options) => Some((2, values(options))),
        Choice::Se(options) => {
            let on = |rule: &SeRule| f64::from(u8::from(*rule != SeRule::None));
            Some((3, options.iter().map(on).collect()))
        }
        _ => None,
    }
}
