//! Labels of curves beside the plot, at the curves' ends.

use plotters::style::text_anchor::HPos;

use super::place::Label;
use crate::canvas::Shape;
use crate::geometry::Rect;
use crate::text::{self, Weight};
use crate::theme::{HAIRLINE, INK, LABEL, SOFT_INK};

/// The distance between a line's end and its label.
pub(crate) const CLEARANCE: f64 = 8.0;
/// The distance between the edge of the plot and the labels beside it.
const LEADER_LENGTH: f64 = 16.0;

/// The room that the labels need to the right of the plot.
pub(crate) fn side_room<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    let room = |label: &str| text::room(label, LABEL, Weight::Regular);
    LEADER_LENGTH + CLEARANCE + labels.map(room).fold(0.0, f64::max)
}

/// Labels to the right of the plot, from top to bottom in the order of the lines' ends.
pub(crate) fn draw_beside(mut labels: Vec<Label>, plot: &Rect) -> Vec<Shape> {
    labels.sort_by(|a, b| a.point.1.total_cmp(&b.point.1));
    let mut places: Vec<f64> = Vec::new();
    for label in &labels {
        let free = places.last().map_or(f64::NEG_INFINITY, |above| above + LABEL);
        places.push(label.point.1.max(free));
    }
    // Labels that would be below the plot push the others up.
    let mut lowest = plot.bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(lowest);
        lowest = *place - LABEL;
    }
    let shapes = labels.into_iter().zip(places).flat_map(|(label, y)| {
        let end = (label.point.0 + LEADER_LENGTH, y);
        let start = (end.0 + CLEARANCE, y);
        [
            Shape::line(vec![label.point, end], HAIRLINE, SOFT_INK),
            Shape::text(label.text, start, LABEL, HPos::Left, INK),
        ]
    });
    shapes.collect()
}
