//! The layers of the plot from back to front, and the obstacles that its labels avoid.

use super::figure::{Mark, MarkKind, MeasuredPoint, ParetoFigure, TrialGroup};
use crate::canvas::Shape;
use crate::frame::Frame;
use crate::geometry::{Position, Rect, step_line};
use crate::labels::{self, GUIDE, LINE, Label, MARK, Obstacle, TRIAL};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::marks::Glyph;
use crate::point::{Point, position, positions};
use crate::targets::{self, Target};
use crate::theme::{AXIS_LINE, DATA_LINE, INK, SOFT_INK};
use crate::thin::{MAX_MARKS, thin};

/// The distance between a mark and its label.
const CLEARANCE: f64 = 5.0;

impl MarkKind {
    fn glyph(self) -> Glyph {
        match self {
            MarkKind::Best => Glyph::Star,
            MarkKind::BestByReward => Glyph::Diamond,
            MarkKind::Reference => Glyph::Square,
        }
    }

    fn legend(self) -> &'static str {
        match self {
            MarkKind::Best => "best under the target",
            MarkKind::BestByReward => "best by reward",
            MarkKind::Reference => "reference network",
        }
    }
}

/// The groups that are not empty, with their marks.
fn trials(figure: &ParetoFigure) -> impl Iterator<Item = (&TrialGroup, Glyph)> {
    const GLYPHS: [Glyph; 3] = [Glyph::LightTrial, Glyph::DarkTrial, Glyph::ThirdTrial];
    let groups = figure.trials.iter().zip(GLYPHS.into_iter().cycle());
    groups.filter(|(group, _)| !group.points.is_empty())
}

/// An entry for each kind of mark or line in the figure.
pub(super) fn legend(figure: &ParetoFigure) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (group, glyph) in trials(figure) {
        entries.push(Entry::dots(&group.label, glyph));
    }
    if !figure.front.is_empty() {
        entries.push(Entry::marked_line("Pareto front", Glyph::Front));
    }
    if !figure.targets_ms.is_empty() {
        entries.push(targets::entry());
    }
    for kind in [MarkKind::Best, MarkKind::BestByReward, MarkKind::Reference] {
        if figure.marks.iter().any(|mark| mark.kind == kind) {
            entries.push(Entry::mark(kind.legend(), kind.glyph()));
        }
    }
    if !figure.measured.is_empty() {
        let half = LINE_SAMPLE / 2.0;
        entries.push(Entry {
            label: "predicted → measured latency".to_owned(),
            sample: measured_point((-half, 0.0), (half - Glyph::Measured.radius(), 0.0)),
            sample_width: LINE_SAMPLE,
        });
    }
    entries
}

/// All layers, labels last.
pub(super) fn data(figure: &ParetoFigure, targets: &[Target], frame: &Frame) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut obstacles = Vec::new();
    let max_marks = 2 * MAX_MARKS / figure.trials.len().max(2);
    for (group, glyph) in trials(figure) {
        for centre in thin(&positions(&group.points, frame), max_marks) {
            shapes.extend(glyph.shapes(centre));
            obstacles.push(around(centre, glyph, TRIAL));
        }
    }
    for target in targets {
        obstacles.extend(Obstacle::along(&target.line(frame), GUIDE));
    }
    shapes.extend(targets::draw(targets, frame));
    let steps = front_steps(&figure.front, frame);
    obstacles.extend(Obstacle::along(&steps, LINE));
    shapes.extend(steps.windows(2).map(|pair| Shape::line(pair.to_vec(), DATA_LINE, INK)));
    for centre in positions(&figure.front, frame) {
        shapes.extend(Glyph::Front.shapes(centre));
        obstacles.push(around(centre, Glyph::Front, LINE));
    }
    for &MeasuredPoint { predicted_ms, measured_ms, accuracy } in &figure.measured {
        let predicted = frame.position(predicted_ms, 100.0 * accuracy);
        let measured = frame.position(measured_ms, 100.0 * accuracy);
        shapes.extend(measured_point(predicted, measured));
        obstacles
            .push(Obstacle { rect: Rect::between(predicted, measured).grown(8.0), weight: MARK });
    }
    draw_marks(&figure.marks, frame, &mut obstacles, &mut shapes);
    shapes
}

/// Winners are drawn over references, and the star under the smaller diamond, so that both can be
/// seen if one network is both.
fn draw_marks(
    marks: &[Mark],
    frame: &Frame,
    obstacles: &mut Vec<Obstacle>,
    shapes: &mut Vec<Shape>,
) {
    for kind in [MarkKind::Reference, MarkKind::Best, MarkKind::BestByReward] {
        for mark in marks.iter().filter(|mark| mark.kind == kind) {
            let centre = position(&mark.point, frame);
            shapes.extend(kind.glyph().shapes(centre));
            obstacles.push(around(centre, kind.glyph(), MARK));
        }
    }
    let labels = marks
        .iter()
        .map(|mark| Label {
            text: mark.label.clone(),
            point: position(&mark.point, frame),
            clearance: mark.kind.glyph().radius() + CLEARANCE,
        })
        .collect();
    shapes.extend(labels::draw(labels, &frame.plot, obstacles));
}

/// The highest accuracy within each latency, as a step line.
fn front_steps(front: &[Point], frame: &Frame) -> Vec<Position> {
    let mut points = positions(front, frame);
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    step_line(points)
}

fn measured_point(predicted: Position, measured: Position) -> Vec<Shape> {
    let mut shapes = vec![Shape::line(vec![predicted, measured], AXIS_LINE, SOFT_INK)];
    shapes.extend(Glyph::Predicted.shapes(predicted));
    shapes.extend(Glyph::Measured.shapes(measured));
    shapes
}

fn around(centre: Position, glyph: Glyph, weight: f64) -> Obstacle {
    let side = 2.0 * glyph.radius();
    Obstacle { rect: Rect::around(centre, side, side), weight }
}
