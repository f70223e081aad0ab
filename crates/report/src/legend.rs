//! The legend: entries in rows under the title.

use plotters::style::text_anchor::HPos;

use crate::canvas::Shape;
use crate::marks::Glyph;
use crate::text::{self, Weight};
use crate::theme::{DASH, DATA_LINE, GAP, INK, LABEL_WIDTH, LEGEND};

/// An entry of the legend. Its sample is drawn around (0, 0).
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) sample: Vec<Shape>,
    pub(crate) sample_width: f64,
}

/// The width of the sample of a line, which is three whole dashes.
pub(crate) const LINE_SAMPLE: f64 = 3.0 * DASH + 2.0 * GAP;
/// The width of the sample of many small marks.
const DOTS_SAMPLE: f64 = 34.0;

impl Entry {
    /// An entry for single marks.
    pub(crate) fn mark(label: &str, glyph: Glyph) -> Entry {
        let sample = glyph.shapes((0.0, 0.0));
        Entry { label: label.to_owned(), sample, sample_width: 2.0 * glyph.radius() }
    }

    /// An entry for many small marks.
    pub(crate) fn dots(label: &str, glyph: Glyph) -> Entry {
        let places = [(-13.0, 3.0), (-1.0, -5.0), (11.0, 2.0)];
        let sample = places.map(|centre| glyph.shapes(centre)).concat();
        Entry { label: label.to_owned(), sample, sample_width: DOTS_SAMPLE }
    }

    /// An entry for marks on a line.
    pub(crate) fn marked_line(label: &str, glyph: Glyph) -> Entry {
        let across = vec![(-LINE_SAMPLE / 2.0, 0.0), (LINE_SAMPLE / 2.0, 0.0)];
        let mut sample = vec![Shape::line(across, DATA_LINE, INK)];
        sample.extend(glyph.shapes((0.0, 0.0)));
        Entry { label: label.to_owned(), sample, sample_width: LINE_SAMPLE }
    }
}

/// The labels without repetitions, in order of their first occurrence.
pub(crate) fn distinct<'a>(labels: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut distinct: Vec<&str> = Vec::new();
    for label in labels {
        if !distinct.contains(&label.as_str()) {
            distinct.push(label);
        }
    }
    distinct
}

/// Draws the entries in rows from `left` to `right`, and returns the lower edge of the legend.
pub(crate) fn draw(
    legend: Vec<Entry>,
    left: f64,
    right: f64,
    top: f64,
    shapes: &mut Vec<Shape>,
) -> f64 {
    const AFTER_SAMPLE: f64 = 10.0;
    const AFTER_ENTRY: f64 = 26.0;
    let row = LEGEND * 1.55;
    if legend.is_empty() {
        return top + 10.0;
    }
    let (mut x, mut y) = (left, top + row / 2.0);
    for entry in legend {
        let label = text::cut(&entry.label, LEGEND, Weight::Regular, LABEL_WIDTH);
        let width = entry.sample_width + AFTER_SAMPLE + text::room(&label, LEGEND, Weight::Regular);
        if x > left && x + width > right {
            (x, y) = (left, y + row);
        }
        let centre = (x + entry.sample_width / 2.0, y);
        shapes.extend(entry.sample.iter().map(|shape| shape.moved(centre)));
        let start = (x + entry.sample_width + AFTER_SAMPLE, y);
        shapes.push(Shape::text(label, start, LEGEND, HPos::Left, INK));
        x += width + AFTER_ENTRY;
    }
    y + row / 2.0 + 10.0
}
