//! Target latencies: vertical dashed lines with labels in rows above the plot.

use plotters::style::text_anchor::HPos;

use crate::axis::Axis;
use crate::canvas::Shape;
use crate::frame::{Frame, HEAD_ROW};
use crate::geometry::{Position, Rect};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::text::{self, Weight};
use crate::theme::{AXIS_LINE, INK, LABEL, PAPER};

/// The largest number of rows of labels. Targets without room there have no label.
const MAX_ROWS: usize = 4;

/// A target with the place of its label.
pub(crate) struct Target {
    target_ms: f64,
    label: String,
    /// The middle of the label.
    x: f64,
    /// The row of the label, counted from 1 at the plot upwards; 0 without a label.
    rows: usize,
}

/// Places each target's label above its line, in the lowest row that has room for it between the
/// edges of the plot.
pub(crate) fn place(targets_ms: &[f64], x: &Axis, (left, right): (f64, f64)) -> Vec<Target> {
    let mut sorted = targets_ms.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut row_ends = [f64::NEG_INFINITY; MAX_ROWS];
    sorted
        .into_iter()
        .map(|target_ms| {
            let rounded = (100.0 * target_ms).round() / 100.0;
            let label = match targets_ms.len() {
                1 => format!("target {rounded} ms"),
                _ => format!("{rounded} ms"),
            };
            let half = text::width(&label, LABEL, Weight::Regular) / 2.0;
            let line = left + x.share(target_ms) * (right - left);
            let x = line.max(left + half).min(right - half);
            let row = row_ends.iter().position(|&end| end + LABEL / 2.0 <= x - half);
            if let Some(row) = row {
                row_ends[row] = x + half;
            }
            Target { target_ms, label, x, rows: row.map_or(0, |row| row + 1) }
        })
        .collect()
}

/// The room that the labels need above the plot.
pub(crate) fn headroom(targets: &[Target]) -> f64 {
    targets.iter().map(|target| target.rows).max().unwrap_or(0) as f64 * HEAD_ROW
}

impl Target {
    /// The target's line, from the lower edge of the plot up to the label.
    pub(crate) fn line(&self, frame: &Frame) -> [Position; 2] {
        let x = frame.x(self.target_ms);
        let top = frame.plot.top - self.rows.saturating_sub(1) as f64 * HEAD_ROW;
        [(x, frame.plot.bottom), (x, top)]
    }
}

/// All lines, then all labels.
pub(crate) fn draw(targets: &[Target], frame: &Frame) -> Vec<Shape> {
    let line = |target: &Target| Shape::dashed(target.line(frame).to_vec(), AXIS_LINE, INK);
    let mut shapes: Vec<Shape> = targets.iter().map(line).collect();
    for target in targets.iter().filter(|target| target.rows > 0) {
        let middle = frame.plot.top - (target.rows as f64 - 0.5) * HEAD_ROW;
        let width = text::width(&target.label, LABEL, Weight::Regular);
        shapes.push(Shape::rect(&Rect::around((target.x, middle), width + 12.0, LABEL), PAPER));
        shapes.push(Shape::text(&target.label, (target.x, middle), LABEL, HPos::Center, INK));
    }
    shapes
}

/// The legend's entry for targets.
pub(crate) fn entry() -> Entry {
    let across = vec![(-LINE_SAMPLE / 2.0, 0.0), (LINE_SAMPLE / 2.0, 0.0)];
    let sample = vec![Shape::dashed(across, AXIS_LINE, INK)];
    Entry { label: "target".to_owned(), sample, sample_width: LINE_SAMPLE }
}
