//! A figure as a list of shapes, from which all formats are painted.

use plotters::style::RGBAColor;
use plotters::style::text_anchor::HPos;

use crate::geometry::{Position, Rect};
use crate::text::Weight;
use crate::theme::{DASH, GAP};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stroke {
    Solid,
    Dashed,
    LongDashed,
    Dotted,
}

impl Stroke {
    /// The lengths of the dashes and of the gaps between them, or `None` for a solid line.
    pub(crate) fn dashes(self) -> Option<(f64, f64)> {
        match self {
            Stroke::Solid => None,
            Stroke::Dashed => Some((DASH, GAP)),
            Stroke::LongDashed => Some((2.5 * DASH, GAP)),
            Stroke::Dotted => Some((0.3 * DASH, 0.8 * GAP)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Turn {
    Level,
    /// From bottom to top.
    Upwards,
}

/// A text with its place: `at` is halfway up its capitals, at the end of the text that `anchor`
/// names.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) at: Position,
    pub(crate) em: f64,
    pub(crate) weight: Weight,
    pub(crate) anchor: HPos,
    pub(crate) turn: Turn,
    pub(crate) ink: RGBAColor,
}

#[derive(Clone)]
pub(crate) enum Shape {
    Line { points: Vec<Position>, width: f64, stroke: Stroke, ink: RGBAColor },
    Polygon { corners: Vec<Position>, ink: RGBAColor },
    Disc { centre: Position, radius: f64, ink: RGBAColor },
    Text(Text),
}

impl Shape {
    pub(crate) fn line(points: Vec<Position>, width: f64, ink: RGBAColor) -> Shape {
        Shape::Line { points, width, stroke: Stroke::Solid, ink }
    }

    pub(crate) fn dashed(points: Vec<Position>, width: f64, ink: RGBAColor) -> Shape {
        Shape::Line { points, width, stroke: Stroke::Dashed, ink }
    }

    pub(crate) fn rect(rect: &Rect, ink: RGBAColor) -> Shape {
        Shape::Polygon { corners: rect.corners(), ink }
    }

    /// Horizontal text of regular weight.
    pub(crate) fn text(
        text: impl Into<String>,
        at: Position,
        em: f64,
        anchor: HPos,
        ink: RGBAColor,
    ) -> Shape {
        let (weight, turn) = (Weight::Regular, Turn::Level);
        Shape::Text(Text { text: text.into(), at, em, weight, anchor, turn, ink })
    }

    /// The shape moved by `(dx, dy)`.
    pub(crate) fn moved(&self, (dx, dy): Position) -> Shape {
        let moved = |&(x, y): &Position| (x + dx, y + dy);
        let mut shape = self.clone();
        match &mut shape {
            Shape::Line { points, .. } => *points = points.iter().map(moved).collect(),
            Shape::Polygon { corners, .. } => *corners = corners.iter().map(moved).collect(),
            Shape::Disc { centre, .. } => *centre = moved(centre),
            Shape::Text(text) => text.at = moved(&text.at),
        }
        shape
    }
}
