//! Line styles, which differ in stroke, marker and darkness.

use plotters::style::RGBAColor;

use crate::canvas::{Shape, Stroke};
use crate::geometry::{Position, Rect};
use crate::legend::LINE_SAMPLE;
use crate::marks::regular;
use crate::theme::{DATA_LINE, HAIRLINE, INK, PAPER, SOFT_INK};

/// The style of one line.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    stroke: Stroke,
    marker: Marker,
    ink: RGBAColor,
}

#[derive(Clone, Copy)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Ring,
    Diamond,
}

/// The radius of a marker without its white rim.
const MARKER_RADIUS: f64 = 9.0;
const RIM: f64 = 2.5;

/// The style of line number `line`. Styles repeat after 20 lines.
pub(crate) fn of(line: usize) -> Style {
    const STROKES: [(Stroke, RGBAColor); 4] = [
        (Stroke::Solid, INK),
        (Stroke::Dashed, SOFT_INK),
        (Stroke::Dotted, INK),
        (Stroke::LongDashed, SOFT_INK),
    ];
    const MARKERS: [Marker; 5] =
        [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Ring, Marker::Diamond];
    let (stroke, ink) = STROKES[line % STROKES.len()];
    Style { stroke, marker: MARKERS[line % MARKERS.len()], ink }
}

impl Style {
    pub(crate) fn line(&self, points: Vec<Position>) -> Shape {
        Shape::Line { points, width: DATA_LINE, stroke: self.stroke, ink: self.ink }
    }

    /// One limit of the line's band.
    pub(crate) fn limit(&self, points: Vec<Position>) -> Shape {
        Shape::Line { points, width: 1.5 * HAIRLINE, stroke: self.stroke, ink: self.ink }
    }

    pub(crate) fn marker(&self, centre: Position) -> Vec<Shape> {
        let shape = |radius: f64, ink: RGBAColor| match self.marker {
            Marker::Disc | Marker::Ring => Shape::Disc { centre, radius, ink },
            Marker::Square => {
                let side = 2f64.sqrt() * radius;
                Shape::rect(&Rect::around(centre, side, side), ink)
            }
            Marker::Triangle => Shape::Polygon { corners: regular(centre, 1.15 * radius, 3), ink },
            Marker::Diamond => Shape::Polygon { corners: regular(centre, 1.1 * radius, 4), ink },
        };
        let mut shapes = vec![shape(MARKER_RADIUS + RIM, PAPER), shape(MARKER_RADIUS, self.ink)];
        if matches!(self.marker, Marker::Ring | Marker::Square) {
            shapes.push(shape(MARKER_RADIUS - 1.5 * RIM, PAPER));
        }
        shapes
    }

    /// The line's sample in the legend, around (0, 0).
    pub(crate) fn sample(&self) -> Vec<Shape> {
        let half = LINE_SAMPLE / 2.0;
        let mut shapes = vec![self.line(vec![(-half, 0.0), (half, 0.0)])];
        shapes.extend(self.marker((0.0, 0.0)));
        shapes
    }
}

/// The area between two limits. The more lines a figure has, the lighter it is; overlaps are
/// darker.
pub(crate) fn band(corners: Vec<Position>, lines: usize) -> Shape {
    let opacity = (0.25 / lines as f64).clamp(0.04, 0.12);
    Shape::Polygon { corners, ink: RGBAColor(INK.0, INK.1, INK.2, opacity) }
}

/// The sample of a band in the legend, around (0, 0).
pub(crate) fn band_sample(lines: usize) -> Vec<Shape> {
    vec![band(Rect::around((0.0, 0.0), LINE_SAMPLE, 20.0).corners(), lines)]
}
