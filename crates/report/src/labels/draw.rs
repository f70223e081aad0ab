//! Drawing labels.

use plotters::style::text_anchor::HPos;

use super::place::{Label, Obstacle, PAD, place};
use crate::canvas::Shape;
use crate::geometry::Rect;
use crate::text::{self, Weight};
use crate::theme::{HAIRLINE, INK, LABEL, LABEL_WIDTH, SOFT_INK, VEIL};

/// Places the labels and draws them, each on a translucent white rectangle. A label that is not
/// beside its point is joined to it by a thin line.
pub(crate) fn draw(labels: Vec<Label>, bounds: &Rect, obstacles: &[Obstacle]) -> Vec<Shape> {
    let labels: Vec<Label> = labels
        .into_iter()
        .map(|label| Label {
            text: text::cut(&label.text, LABEL, Weight::Regular, LABEL_WIDTH),
            ..label
        })
        .collect();
    let places = place(&labels, bounds, obstacles);
    let mut shapes = Vec::new();
    for (label, place) in labels.iter().zip(&places) {
        let end = place.nearest(label.point);
        let (dx, dy) = (end.0 - label.point.0, end.1 - label.point.1);
        let distance = dx.hypot(dy);
        if distance > 1.6 * label.clearance {
            let share = label.clearance / distance;
            let start = (label.point.0 + dx * share, label.point.1 + dy * share);
            shapes.push(Shape::line(vec![start, end], 1.5 * HAIRLINE, SOFT_INK));
        }
    }
    for (label, place) in labels.iter().zip(&places) {
        // The text is anchored at its point's side, since an SVG viewer's font may be wider or
        // narrower.
        let width = text::width(&label.text, LABEL, Weight::Regular);
        let (x, y) = place.centre();
        let (x, middle, anchor) = match label.point.0 {
            point if point < place.left => {
                (place.left + PAD, place.left + PAD + width / 2.0, HPos::Left)
            }
            point if point > place.right => {
                (place.right - PAD, place.right - PAD - width / 2.0, HPos::Right)
            }
            _ => (x, x, HPos::Center),
        };
        let veil = Rect::around((middle, y), width + 2.0 * PAD, place.height());
        shapes.push(Shape::rect(&veil, VEIL));
        shapes.push(Shape::text(&label.text, (x, y), LABEL, anchor, INK));
    }
    shapes
}
