//! Output on the screen: tables, numbers with separators, JSON.

use std::fmt::Display;

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// A table without borders. `left` names the columns that hold text; the others hold numbers and are
/// aligned to the right.
pub(crate) fn table(header: &[&str], left: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header.to_vec()).add_rows(rows);
    for (index, name) in header.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 2));
            if !left.contains(name) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A number with a comma every three digits of its whole part.
pub(crate) fn grouped(number: impl Display) -> String {
    report::grouped(&number.to_string())
}

/// A latency with all of its decimals.
pub(crate) fn milliseconds(ms: f64) -> String {
    format!("{} ms", grouped(ms))
}

pub(crate) fn warn(warning: &controller::Warning) {
    self::warning(warning);
}

/// Prints a warning, also if the user asked for quiet.
pub(crate) fn warning(text: impl Display) {
    errln!("warning: {text}");
}

pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    outln!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_have_a_comma_every_three_digits() {
        let check = |number: f64, expected: &str| assert_eq!(grouped(number), expected);
        check(0.0, "0");
        check(999.5, "999.5");
        check(1000.0, "1,000");
        check(-123456.25, "-123,456.25");
        check(-123.0, "-123");
        assert_eq!(grouped(3_504_872), "3,504,872");
        assert_eq!(milliseconds(1234.5), "1,234.5 ms");
    }
}
