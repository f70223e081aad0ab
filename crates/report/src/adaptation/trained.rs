//! The networks trained at the end: marks with error bars, moved aside where they would cover each
//! other.

use super::figure::{AdaptationFigure, TrainedMark};
use crate::canvas::Shape;
use crate::frame::Frame;
use crate::geometry::{Position, Rect};
use crate::legend::{Entry, LINE_SAMPLE, distinct};
use crate::marks::Glyph;
use crate::point::position;
use crate::theme::{AXIS_LINE, INK, PAPER, SOFT_INK, TRIAL_RADIUS};

/// The marks in the order of their labels. Neighbours differ in shape and darkness.
const GLYPHS: [Glyph; 8] = [
    Glyph::Diamond,
    Glyph::Square,
    Glyph::Triangle,
    Glyph::Ring,
    Glyph::Box,
    Glyph::HollowTriangle,
    Glyph::Cross,
    Glyph::HollowDiamond,
];
/// The distance between marks.
const CLEARANCE: f64 = 8.0;
/// The distance between the places that are looked at for a mark.
const STRIDE: f64 = 2.0;
/// Half the width of an error bar's ends.
const BAR_END: f64 = 7.0;

/// A network with the place of its mark.
pub(super) struct Placed<'a> {
    mark: &'a TrainedMark,
    glyph: Glyph,
    /// The position of its latency.
    own_x: f64,
    /// The position of the mark.
    x: f64,
}

impl TrainedMark {
    fn mean(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len() as f64
    }

    /// The lowest and the highest accuracy.
    fn range(&self) -> (f64, f64) {
        let lowest = self.accuracies.iter().copied().fold(f64::INFINITY, f64::min);
        (lowest, self.accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

/// Moves marks aside, as little as keeps them clear of the seed and of the marks before them. A
/// mark crosses the target only if there is no other room.
pub(super) fn place<'a>(figure: &'a AdaptationFigure, frame: &Frame) -> Vec<Placed<'a>> {
    let seed = figure.path.first().map(|seed| around(Glyph::Seed, position(seed, frame)));
    let mut taken: Vec<Rect> = seed.into_iter().collect();
    let target_x = figure.target_ms.map(|target_ms| frame.x(target_ms));
    let labels = distinct(figure.trained.iter().map(|mark| &mark.label));
    let mut placed = Vec::with_capacity(figure.trained.len());
    for mark in &figure.trained {
        let index = labels.iter().position(|label| *label == mark.label).unwrap_or_default();
        let glyph = GLYPHS[index % GLYPHS.len()];
        let own_x = frame.x(mark.latency_ms);
        let (lowest, highest) = mark.range();
        let at = |x: f64| {
            let foot = around(glyph, (x, frame.y(100.0 * lowest)));
            let top = around(glyph, (x, frame.y(100.0 * highest))).top;
            Rect { top, ..foot }
        };
        let free = |&x: &f64| taken.iter().all(|other| other.overlap_area(&at(x)) == 0.0);
        let same_side = |&x: &f64| {
            let apart = |target_x: f64| (x - target_x).abs() >= glyph.radius() + AXIS_LINE;
            x == own_x || target_x.is_none_or(|to| (x <= to) == (own_x <= to) && apart(to))
        };
        let places: Vec<f64> = places(own_x, &frame.plot).filter(free).collect();
        let x = places.iter().copied().find(same_side).or(places.first().copied());
        let x = x.unwrap_or(own_x);
        taken.push(at(x));
        placed.push(Placed { mark, glyph, own_x, x });
    }
    placed
}

/// Places from `own_x` to both sides, as far as the plot goes.
fn places(own_x: f64, plot: &Rect) -> impl Iterator<Item = f64> {
    let (left, right) = (plot.left + CLEARANCE, plot.right);
    let strides = (0..(plot.width() / STRIDE) as usize).map(|strides| STRIDE * strides as f64);
    let both = strides.flat_map(move |away| [own_x - away, own_x + away]);
    both.filter(move |&x| x == own_x || (left..=right).contains(&x))
}

fn around(glyph: Glyph, centre: Position) -> Rect {
    let side = 2.0 * glyph.radius() + CLEARANCE;
    Rect::around(centre, side, side)
}

/// An entry for each label, followed by what error bars and `joints` mean if there are any.
pub(super) fn legend(trained: &[TrainedMark], joints: bool) -> Vec<Entry> {
    let labels = distinct(trained.iter().map(|mark| &mark.label));
    let glyphs = GLYPHS.iter().cycle();
    let mut entries: Vec<Entry> =
        labels.iter().zip(glyphs).map(|(label, &glyph)| Entry::mark(label, glyph)).collect();
    if trained.iter().any(|mark| mark.accuracies.len() > 1) {
        let label = "range over the training runs".to_owned();
        entries.push(Entry { label, sample: bar(0.0, 11.0, -11.0), sample_width: 2.0 * BAR_END });
    }
    if joints {
        let label = "mark moved aside, joined to its latency".to_owned();
        let half = LINE_SAMPLE / 2.0;
        let sample = joint((-half + TRIAL_RADIUS, 0.0), (half, 0.0)).to_vec();
        entries.push(Entry { label, sample, sample_width: LINE_SAMPLE });
    }
    entries
}

impl Placed<'_> {
    pub(super) fn is_aside(&self) -> bool {
        self.x != self.own_x
    }
}

/// Joints, then error bars over them, then marks over both.
pub(super) fn draw(placed: &[Placed<'_>], frame: &Frame) -> Vec<Shape> {
    let y = |accuracy: f64| frame.y(100.0 * accuracy);
    let mut shapes = Vec::new();
    for aside in placed.iter().filter(|placed| placed.is_aside()) {
        let y = y(aside.mark.mean());
        shapes.extend(joint((aside.own_x, y), (aside.x, y)));
    }
    for &Placed { mark, x, .. } in placed {
        let (lowest, highest) = mark.range();
        if lowest < highest {
            shapes.extend(bar(x, y(lowest), y(highest)));
        }
    }
    for Placed { mark, glyph, x, .. } in placed {
        shapes.extend(glyph.shapes((*x, y(mark.mean()))));
    }
    shapes
}

/// A line from the latency of a mark to the mark.
fn joint(own: Position, mark: Position) -> [Shape; 2] {
    let dot = Shape::Disc { centre: own, radius: TRIAL_RADIUS, ink: SOFT_INK };
    [Shape::line(vec![own, mark], AXIS_LINE / 2.0, SOFT_INK), dot]
}

/// An error bar on a strip of paper.
fn bar(x: f64, foot: f64, top: f64) -> Vec<Shape> {
    let level = |y| vec![(x - BAR_END, y), (x + BAR_END, y)];
    let lines = [vec![(x, foot), (x, top)], level(foot), level(top)];
    let inked = |ink, width| lines.clone().map(|points| Shape::line(points, width, ink));
    [inked(PAPER, AXIS_LINE + 4.0), inked(INK, AXIS_LINE)].concat()
}
