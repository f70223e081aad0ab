//! What lies in the plot, from back to front, and what the labels must keep clear of.

use plotters::style::text_anchor::HPos;

use super::{Candidate, Mark, MarkKind, ParetoFigure, Point};
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::frame::{Entry, Frame, HEAD_ROW, LINE_SAMPLE};
use crate::geometry::{Position, Rect};
use crate::labels::{self, GUIDE, LINE, Label, MARK, Obstacle, TRIAL};
use crate::marks::Glyph;
use crate::text::{self, Weight};
use crate::theme::{AXIS_LINE, DATA_LINE, INK, LABEL, PAPER, SOFT_INK};
use crate::thin::thin;

/// Most marks for the trials of one half: keeps an SVG under 600 kB.
const MOST_TRIALS: usize = 2_500;
/// Most rows of target labels; targets that find no room there have a line only.
const MOST_TARGET_ROWS: usize = 4;
/// Width of a legend's sample of trials.
const DOTS_SAMPLE: f64 = 34.0;
/// Free distance between a mark and its label.
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

/// An entry for each kind of thing that the figure has.
pub(super) fn legend(figure: &ParetoFigure) -> Vec<Entry> {
    let entry =
        |label: &str, sample_width, sample| Entry { label: label.to_owned(), sample_width, sample };
    let half = LINE_SAMPLE / 2.0;
    let across = vec![(-half, 0.0), (half, 0.0)];
    let dots = |glyph: Glyph| {
        [(-13.0, 3.0), (-1.0, -5.0), (11.0, 2.0)].map(|centre| glyph.shapes(centre)).concat()
    };
    let mut entries = Vec::new();
    if !figure.reward_trials.is_empty() {
        entries.push(entry("trials for the reward", DOTS_SAMPLE, dots(Glyph::LightTrial)));
    }
    if !figure.constrained_trials.is_empty() {
        entries.push(entry("trials under the target", DOTS_SAMPLE, dots(Glyph::DarkTrial)));
    }
    if !figure.front.is_empty() {
        let mut sample = vec![Shape::line(across.clone(), DATA_LINE, INK)];
        sample.extend(Glyph::Front.shapes((0.0, 0.0)));
        entries.push(entry("Pareto front", LINE_SAMPLE, sample));
    }
    if !figure.targets_ms.is_empty() {
        entries.push(entry("target", LINE_SAMPLE, vec![Shape::dashed(across, AXIS_LINE, INK)]));
    }
    for kind in [MarkKind::Best, MarkKind::BestByReward, MarkKind::Reference] {
        if figure.marks.iter().any(|mark| mark.kind == kind) {
            let glyph = kind.glyph();
            entries.push(entry(kind.legend(), 2.0 * glyph.radius(), glyph.shapes((0.0, 0.0))));
        }
    }
    if !figure.candidates.is_empty() {
        entries.push(entry(
            "predicted → measured",
            LINE_SAMPLE,
            candidate((-half, 0.0), (half - Glyph::Measured.radius(), 0.0)),
        ));
    }
    entries
}

/// A target and where its label goes.
pub(super) struct Target {
    target_ms: f64,
    label: String,
    /// Middle of the label.
    x: f64,
    /// Rows of labels from the plot up to this one; 0 without a label.
    pub(super) rows: usize,
}

/// Puts each target's label above its line, in the lowest row where it has room between the
/// edges of the plot.
pub(super) fn place_targets(
    targets_ms: &[f64],
    x: &Axis,
    (left, right): (f64, f64),
) -> Vec<Target> {
    let mut sorted = targets_ms.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut row_ends = [f64::NEG_INFINITY; MOST_TARGET_ROWS];
    sorted
        .into_iter()
        .map(|target_ms| {
            let rounded = (100.0 * target_ms).round() / 100.0;
            let label = match targets_ms.len() {
                1 => format!("target {rounded} ms"),
                _ => format!("{rounded} ms"),
            };
            let half = text::width(&label, LABEL, Weight::Regular) / 2.0;
            let line = left + x.share(target_ms) * (right - left);
            let x = line.max(left + half).min(right - half);
            let row = row_ends.iter().position(|&end| end + LABEL / 2.0 <= x - half);
            if let Some(row) = row {
                row_ends[row] = x + half;
            }
            Target { target_ms, label, x, rows: row.map_or(0, |row| row + 1) }
        })
        .collect()
}

/// All layers, labels last.
pub(super) fn data(figure: &ParetoFigure, targets: &[Target], frame: &Frame) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut obstacles = Vec::new();
    for (trials, glyph) in
        [(&figure.reward_trials, Glyph::LightTrial), (&figure.constrained_trials, Glyph::DarkTrial)]
    {
        for centre in thin(&positions(trials, frame), MOST_TRIALS) {
            shapes.extend(glyph.shapes(centre));
            obstacles.push(around(centre, glyph, TRIAL));
        }
    }
    for target in targets {
        let x = frame.x(target.target_ms);
        let top = frame.plot.top - target.rows.saturating_sub(1) as f64 * HEAD_ROW;
        let line = [(x, frame.plot.bottom), (x, top)];
        obstacles.push(along(line[0], line[1], GUIDE));
        shapes.push(Shape::dashed(line.to_vec(), AXIS_LINE, INK));
    }
    for target in targets.iter().filter(|target| target.rows > 0) {
        let middle = frame.plot.top - (target.rows as f64 - 0.5) * HEAD_ROW;
        let width = text::width(&target.label, LABEL, Weight::Regular);
        shapes.push(Shape::rect(&Rect::around((target.x, middle), width + 12.0, LABEL), PAPER));
        shapes.push(Shape::text(&target.label, (target.x, middle), LABEL, HPos::Center, INK));
    }
    let steps = front_steps(&figure.front, frame);
    obstacles.extend(steps.windows(2).map(|pair| along(pair[0], pair[1], LINE)));
    shapes.extend(steps.windows(2).map(|pair| Shape::line(pair.to_vec(), DATA_LINE, INK)));
    for centre in positions(&figure.front, frame) {
        shapes.extend(Glyph::Front.shapes(centre));
        obstacles.push(around(centre, Glyph::Front, LINE));
    }
    for &Candidate { predicted_ms, measured_ms, accuracy } in &figure.candidates {
        let predicted = frame.position(predicted_ms, 100.0 * accuracy);
        let measured = frame.position(measured_ms, 100.0 * accuracy);
        shapes.extend(candidate(predicted, measured));
        obstacles
            .push(Obstacle { rect: Rect::between(predicted, measured).grown(8.0), weight: MARK });
    }
    draw_marks(&figure.marks, frame, &mut obstacles, &mut shapes);
    shapes
}

/// Winners lie over references, and the star under the smaller diamond, so that both show where
/// one network is both.
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

/// The highest accuracy within each latency, as a line of level and upright pieces.
fn front_steps(front: &[Point], frame: &Frame) -> Vec<Position> {
    let mut corners = positions(front, frame);
    corners.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut steps: Vec<Position> = Vec::new();
    for (x, y) in corners {
        if let Some(&(_, reached)) = steps.last() {
            steps.push((x, reached));
        }
        steps.push((x, y));
    }
    steps
}

fn candidate(predicted: Position, measured: Position) -> Vec<Shape> {
    let mut shapes = vec![Shape::line(vec![predicted, measured], AXIS_LINE, SOFT_INK)];
    shapes.extend(Glyph::Predicted.shapes(predicted));
    shapes.extend(Glyph::Measured.shapes(measured));
    shapes
}

fn position(point: &Point, frame: &Frame) -> Position {
    frame.position(point.latency_ms, 100.0 * point.accuracy)
}

fn positions(points: &[Point], frame: &Frame) -> Vec<Position> {
    points.iter().map(|point| position(point, frame)).collect()
}

fn around(centre: Position, glyph: Glyph, weight: f64) -> Obstacle {
    let side = 2.0 * glyph.radius();
    Obstacle { rect: Rect::around(centre, side, side), weight }
}

/// A level or upright line.
fn along(from: Position, to: Position, weight: f64) -> Obstacle {
    Obstacle { rect: Rect::between(from, to).grown(DATA_LINE), weight }
}
