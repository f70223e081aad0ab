//! The channels of each layer of a network, before and after it was adapted.

use crate::axis::Axis;
use crate::canvas::Shape;
use crate::error::ReportError;
use crate::frame::{self, Frame, Surroundings};
use crate::geometry::Rect;
use crate::legend::Entry;
use crate::paint::{self, Format};
use crate::theme::{AXIS_LINE, GRID, INK, SOFT_INK};

/// The channels of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WidthRow {
    /// The layer's name, cut where it would be much longer than a word or two.
    pub label: String,
    /// Channels before.
    pub before: usize,
    /// Channels after.
    pub after: usize,
}

/// The channels of each layer, before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WidthsFigure {
    /// Two lines at most.
    pub title: String,
    /// Where the numbers come from. Three lines at most.
    pub footnote: String,
    /// The network before, in the legend: light bars with a rim.
    pub before_label: String,
    /// The network after, in the legend: narrower dark bars.
    pub after_label: String,
    /// From left to right. Up to about 60 have labels that are read with ease; of 100 and more, not
    /// all have one.
    pub rows: Vec<WidthRow>,
}

/// Free height above the highest bar, as a share of it.
const ABOVE: f64 = 0.04;
/// Width of the bars before and after, as shares of a row's, and the most that a bar may have.
const BEFORE: f64 = 0.78;
const AFTER: f64 = 0.42;
const MAX_BAR: f64 = 90.0;
/// Width and height of a legend's sample.
const SAMPLE: (f64, f64) = (30.0, 22.0);

/// Draws `figure`. Without rows it says that there is nothing to show.
///
/// # Errors
///
/// Only where the drawing itself fails.
pub fn draw_widths(figure: &WidthsFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    let largest = figure.rows.iter().map(|row| row.before.max(row.after)).max();
    let y = largest.map_or_else(Axis::without_values, |channels| {
        Axis::counts((1.0 + ABOVE) * channels as f64)
    });
    let (left, right) = frame::sides(&y, 0.0);
    let names: Vec<&str> = figure.rows.iter().map(|row| row.label.as_str()).collect();
    let x = Axis::rows(&names, right - left);
    let entry = |label: &String, sample: fn(&Rect) -> Vec<Shape>| Entry {
        label: label.clone(),
        sample: sample(&Rect::around((0.0, 0.0), SAMPLE.0, SAMPLE.1)),
        sample_width: SAMPLE.0,
    };
    let legend = match largest {
        Some(_) => vec![entry(&figure.before_label, rimmed), entry(&figure.after_label, dark)],
        None => Vec::new(),
    };
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name: "layers",
        y_name: "channels",
        legend,
        headroom: 0.0,
        side_room: 0.0,
    };
    let (frame, mut shapes) = frame::draw(around, x, y);
    for (index, row) in figure.rows.iter().enumerate() {
        shapes.extend(rimmed(&bar(index, row.before, BEFORE, &frame)));
        shapes.extend(dark(&bar(index, row.after, AFTER, &frame)));
    }
    if largest.is_none() {
        shapes.extend(frame::notice(&frame, "nothing to show"));
    }
    paint::render(&shapes, format)
}

/// A bar in the middle of row `index`, `share` of the row wide.
fn bar(index: usize, channels: usize, share: f64, frame: &Frame) -> Rect {
    let middle = frame.x(index as f64 + 0.5);
    let row = (frame.x(index as f64 + 1.0) - frame.x(index as f64)).min(MAX_BAR / BEFORE);
    let half = share * row / 2.0;
    Rect::between((middle - half, frame.y(0.0)), (middle + half, frame.y(channels as f64)))
}

fn rimmed(bar: &Rect) -> Vec<Shape> {
    let mut rim = bar.corners();
    rim.extend(rim.first().copied());
    vec![Shape::rect(bar, GRID), Shape::line(rim, AXIS_LINE, SOFT_INK)]
}

fn dark(bar: &Rect) -> Vec<Shape> {
    vec![Shape::rect(bar, INK)]
}
