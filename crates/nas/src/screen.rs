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

/// A whole number with a comma every three digits.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A latency with all of its decimals and a comma every three digits of its whole part.
pub(crate) fn milliseconds(ms: f64) -> String {
    let text = ms.to_string();
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction} ms", grouped(whole)),
        None => format!("{} ms", grouped(text)),
    }
}

pub(crate) fn warn(warning: &controller::Warning) {
    eprintln!("warning: {warning}");
}

pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
