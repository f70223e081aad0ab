//! The text of CSV files that this crate writes.

/// A header and rows with as many cells, separated by commas. Cells are quoted where they have a comma,
/// a quote or a line break. Numbers are the shortest decimals that read back as the same number.
pub(crate) fn csv_text(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    let line = |cells: Vec<String>| cells.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
    rows.map(line).fold(header.join(",") + "\n", |text, line| text + &line)
}

/// A number, or an empty cell.
pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
