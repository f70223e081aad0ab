//! Scatter plots of characters, for terminals.

use crate::number::grouped;

const COLUMNS: usize = 64;
const ROWS: usize = 16;

/// A point of a scatter plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The character that is drawn. A capital letter that another point hides is listed below the
    /// plot.
    pub letter: char,
    /// The finite position on the horizontal axis, in the unit of its label.
    pub x: f64,
    /// The finite position on the vertical axis, in the unit of its label.
    pub y: f64,
}

/// Draws points in a frame of 64 columns and 16 rows, with the ends of both axes, within 80 columns
/// in all. Of points in the same place the first is shown, and capital letters that it hides are
/// listed in a line below.
pub fn draw(points: &[Point], x_label: &str, y_label: &str) -> String {
    let (left, right) = ends(points.iter().map(|point| point.x));
    let (bottom, top) = ends(points.iter().map(|point| point.y));
    let place = |value: f64, low: f64, high: f64, steps: usize| {
        ((value - low) / (high - low) * (steps - 1) as f64).round() as usize
    };
    let mut grid = vec![[' '; COLUMNS]; ROWS];
    let mut hidden = Vec::new();
    for Point { letter, x, y } in points {
        let row = ROWS - 1 - place(*y, bottom, top, ROWS);
        let cell = &mut grid[row][place(*x, left, right, COLUMNS)];
        if *cell == ' ' {
            *cell = *letter;
        } else if letter.is_uppercase() {
            hidden.push(format!("{letter} at {cell}"));
        }
    }
    let end = |value: f64| grouped(&format!("{value:.1}"));
    let mut lines = vec![y_label.to_owned()];
    for (row, cells) in grid.iter().enumerate() {
        let label = match row {
            0 => end(top),
            row if row == ROWS - 1 => end(bottom),
            _ => String::new(),
        };
        let cells: String = cells.iter().collect();
        lines.push(format!("{label:>8} |{}", cells.trim_end()));
    }
    lines.push(format!("{:>8} +{}", "", "-".repeat(COLUMNS)));
    let (left, right) = (end(left), format!("{} {x_label}", end(right)));
    let width = COLUMNS.saturating_sub(right.len());
    lines.push(format!("{:>10}{left:<width$}{right}", ""));
    if !hidden.is_empty() {
        lines.push(format!("{:>10}in the same place: {}", "", hidden.join(", ")));
    }
    lines.join("\n")
}

/// The minimum and the maximum, or an interval of length 1 around a single value.
fn ends(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    if high > low { (low, high) } else { (low - 0.5, low + 0.5) }
}
