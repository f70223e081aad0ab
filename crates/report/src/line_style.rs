//! Line styles, which differ in stroke, marker and darkness.

use plotters::style::RGBAColor;

use crate::canvas::{Shape, Stroke};
use crate::geometry::{Position, Rect};
use crate::hatch::Hatch;
use crate::legend::LINE_SAMPLE;
use crate::marks::regular;
use crate::theme::{DATA_LINE, HAIRLINE, INK, LEADER, PAPER, SOFT_INK};

/// The style of one line.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    stroke: Stroke,
    width: f64,
    marker: Marker,
    fill: Fill,
    ink: RGBAColor,
    hatch: Hatch,
}

#[derive(Clone, Copy, PartialEq)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Ring,
    Diamond,
}

#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Full,
    Hollow,
}

const MARKERS: [Marker; 5] =
    [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Ring, Marker::Diamond];
/// The radius of a marker without its white rim.
const MARKER_RADIUS: f64 = 9.0;
const RIM: f64 = 2.5;
/// The height of the sample of a band in the legend.
const BAND_SAMPLE: f64 = 24.0;

/// The style of line number `line`. Styles repeat after 20 lines.
pub(crate) fn of(line: usize) -> Style {
    const STROKES: [(Stroke, RGBAColor); 4] = [
        (Stroke::Solid, INK),
        (Stroke::Dashed, SOFT_INK),
        (Stroke::Dotted, INK),
        (Stroke::LongDashed, SOFT_INK),
    ];
    let (stroke, ink) = STROKES[line % STROKES.len()];
    let marker = MARKERS[line % MARKERS.len()];
    let fill = match marker {
        Marker::Ring | Marker::Square => Fill::Hollow,
        Marker::Disc | Marker::Triangle | Marker::Diamond => Fill::Full,
    };
    Style { stroke, width: DATA_LINE, marker, fill, ink, hatch: Hatch::of(line) }
}

/// The markers of lines that come in pairs. They repeat after 4 pairs.
const PAIR_MARKERS: [Marker; 4] = [Marker::Disc, Marker::Triangle, Marker::Diamond, Marker::Square];

/// The dark line of pair number `pair`.
pub(crate) fn foremost(pair: usize) -> Style {
    const STROKES: [Stroke; 3] = [Stroke::Solid, Stroke::LongDashed, Stroke::Dotted];
    let (stroke, marker) = (STROKES[pair % 3], PAIR_MARKERS[pair % 4]);
    let (width, fill) = (DATA_LINE, Fill::Full);
    Style { stroke, width, marker, fill, ink: INK, hatch: Hatch::of(pair) }
}

/// The thin, grey and dashed line of pair number `pair`, with the same marker, but hollow.
pub(crate) fn baseline(pair: usize) -> Style {
    let (stroke, width, fill) = (Stroke::Dashed, 0.7 * DATA_LINE, Fill::Hollow);
    Style { stroke, width, fill, ink: LEADER, ..foremost(pair) }
}

impl Style {
    pub(crate) fn line(&self, points: Vec<Position>) -> Shape {
        Shape::Line { points, width: self.width, stroke: self.stroke, ink: self.ink }
    }

    /// One limit of the line's band.
    pub(crate) fn limit(&self, points: Vec<Position>) -> Shape {
        Shape::Line { points, width: 1.5 * HAIRLINE, stroke: self.stroke, ink: self.ink }
    }

    /// The band of the line, with a hatching of its own: rectangles side by side.
    pub(crate) fn band(&self, pieces: &[Rect]) -> Vec<Shape> {
        self.hatch.shapes(pieces)
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
        if self.fill == Fill::Hollow {
            shapes.push(shape(MARKER_RADIUS - 1.5 * RIM, PAPER));
        }
        shapes
    }

    /// The sample of the line without a marker in the legend, around (0, 0).
    pub(crate) fn plain_sample(&self) -> Vec<Shape> {
        let half = LINE_SAMPLE / 2.0;
        vec![self.line(vec![(-half, 0.0), (half, 0.0)])]
    }

    /// The line's sample in the legend, around (0, 0).
    pub(crate) fn sample(&self) -> Vec<Shape> {
        [self.plain_sample(), self.marker((0.0, 0.0))].concat()
    }

    /// The sample of the line on its band, around (0, 0).
    pub(crate) fn sample_on_band(&self) -> Vec<Shape> {
        let band = Rect::around((0.0, 0.0), LINE_SAMPLE, BAND_SAMPLE);
        [self.band(&[band]), self.sample()].concat()
    }

    /// The sample of the band alone, around (0, 0).
    pub(crate) fn band_sample(&self) -> Vec<Shape> {
        let band = Rect::around((0.0, 0.0), LINE_SAMPLE, BAND_SAMPLE);
        let mut shapes = self.band(&[band]);
        let edge = |y: f64| self.limit(vec![(band.left, y), (band.right, y)]);
        shapes.extend([edge(band.top), edge(band.bottom)]);
        shapes
    }
}
