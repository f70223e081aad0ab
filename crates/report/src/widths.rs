//! The channels of each layer of a network before and after its adaptation.

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
    /// The layer's name, which should be a word or two. Longer names are cut.
    pub label: String,
    /// The number of channels before.
    pub before: usize,
    /// The number of channels after.
    pub after: usize,
}

/// The channels of each layer before and after an adaptation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WidthsFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// Where the data comes from, cut after three lines.
    pub footnote: String,
    /// The legend's text for the network before: light bars with a dark outline.
    pub before_label: String,
    /// The legend's text for the network after: narrower dark bars.
    pub after_label: String,
    /// The layers from left to right. The labels of up to about 60 layers are easy to read; with
    /// 100 layers or more, not every layer has a label.
    pub rows: Vec<WidthRow>,
}

/// Room above the highest bar, as a share of its height.
const ROOM_ABOVE: f64 = 0.04;
/// The widths of the bars before and after, as shares of a row's width.
const BEFORE: f64 = 0.78;
const AFTER: f64 = 0.42;
/// The largest width of a bar.
const MAX_BAR: f64 = 90.0;
/// The width and height of a sample in the legend.
const SAMPLE: (f64, f64) = (30.0, 22.0);

/// Draws a bar chart of channels, as an SVG or a PNG. A figure without layers says that there is
/// nothing to show.
///
/// # Errors
///
/// Only if the drawing itself fails.
pub fn draw_widths(figure: &WidthsFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    let largest = figure.rows.iter().map(|row| row.before.max(row.after)).max();
    let y = largest.map_or_else(Axis::without_values, |channels| {
        Axis::counts((1.0 + ROOM_ABOVE) * channels as f64)
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
        Some(_) => vec![entry(&figure.before_label, outlined), entry(&figure.after_label, dark)],
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
        shapes.extend(outlined(&bar(index, row.before, BEFORE, &frame)));
        shapes.extend(dark(&bar(index, row.after, AFTER, &frame)));
    }
    if largest.is_none() {
        shapes.extend(frame::notice(&frame, "nothing to show"));
    }
    paint::render(&shapes, format)
}

/// A bar in the middle of row `index`, with `share` of the row's width.
fn bar(index: usize, channels: usize, share: f64, frame: &Frame) -> Rect {
    let middle = frame.x(index as f64 + 0.5);
    let row = (frame.x(index as f64 + 1.0) - frame.x(index as f64)).min(MAX_BAR / BEFORE);
    let half = share * row / 2.0;
    Rect::between((middle - half, frame.y(0.0)), (middle + half, frame.y(channels as f64)))
}

fn outlined(bar: &Rect) -> Vec<Shape> {
    let mut outline = bar.corners();
    outline.extend(outline.first().copied());
    vec![Shape::rect(bar, GRID), Shape::line(outline, AXIS_LINE, SOFT_INK)]
}

fn dark(bar: &Rect) -> Vec<Shape> {
    vec![Shape::rect(bar, INK)]
}
