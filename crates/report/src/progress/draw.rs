//! Drawing a progress figure.

use plotters::style::text_anchor::HPos;

use super::figure::{Improvement, LineKind, ProgressFigure, ProgressLine, ProgressPhase, check};
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::error::ReportError;
use crate::frame::{self, Frame, HEAD_ROW, Surroundings};
use crate::geometry::{Position, Rect, step_line};
use crate::labels::{self, LINE, Label, Obstacle};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::paint::{self, Format};
use crate::text::{self, Weight};
use crate::theme::{AXIS_LINE, DATA_LINE, INK, LABEL, LEADER, SOFT_INK};

/// Room to the right of the plot for the final accuracies.
const SIDE_ROOM: f64 = 104.0;
/// The least room beside the name of a phase, on both sides together.
const PHASE_MARGIN: f64 = 24.0;
/// The accuracies of this share of the trials, the first ones, may be below the axis.
const RUN_IN: f64 = 0.01;

/// Draws the best accuracy so far against the number of trials, as an SVG or a PNG. Accuracies of
/// the first 1 % of the trials may be below the axis, so that the rest is not pressed flat; the
/// curves then rise from the lower edge. A figure without improvements says that no trial met the
/// target.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if an accuracy is not from 0 to 1, or a trial is not after the one
/// before it or is beyond [`ProgressFigure::trials`].
pub fn draw_progress(figure: &ProgressFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let percents = shown_percents(figure);
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name: "trials",
        y_name: "best accuracy so far (%)",
        legend: figure.lines.iter().map(entry).collect(),
        headroom: if figure.phases.len() > 1 { HEAD_ROW } else { 0.0 },
        side_room: SIDE_ROOM,
    };
    let y = Axis::around(&percents, (0.0, 100.0), 1.0);
    let (frame, mut shapes) = frame::draw(around, Axis::counts(figure.trials as f64), y);
    if figure.phases.len() > 1 {
        draw_phases(&figure.phases, &frame, &mut shapes);
    }
    draw_lines(figure, &frame, &mut shapes);
    if percents.is_empty() {
        shapes.extend(frame::notice(&frame, "no trial met the target"));
    }
    paint::render(&shapes, format)
}

/// The accuracies, in per cent, that the axis must include: those that the curves have reached by
/// the end of [`RUN_IN`], and all later ones.
fn shown_percents(figure: &ProgressFigure) -> Vec<f64> {
    let run_in = (figure.trials as f64 * RUN_IN) as u64;
    let shown = |line: &ProgressLine| {
        let last = line.improvements.len().saturating_sub(1);
        let first = line
            .improvements
            .partition_point(|improvement| improvement.trial <= run_in)
            .saturating_sub(1);
        line.improvements[first.min(last)..].to_vec()
    };
    figure.lines.iter().flat_map(shown).map(|improvement| 100.0 * improvement.accuracy).collect()
}

fn curve(kind: LineKind, points: Vec<Position>) -> Shape {
    match kind {
        LineKind::Solid => Shape::line(points, DATA_LINE, INK),
        LineKind::Dashed => Shape::dashed(points, DATA_LINE, SOFT_INK),
    }
}

fn entry(line: &ProgressLine) -> Entry {
    let half = LINE_SAMPLE / 2.0;
    let sample = vec![curve(line.kind, vec![(-half, 0.0), (half, 0.0)])];
    Entry { label: line.label.clone(), sample_width: LINE_SAMPLE, sample }
}

/// A vertical line where one phase of the search ends and the next begins, with the phases between
/// the lines.
fn draw_phases(phases: &[ProgressPhase], frame: &Frame, shapes: &mut Vec<Shape>) {
    let Rect { left, top, right, bottom } = frame.plot;
    let head = top - HEAD_ROW;
    let mut start = left;
    for (index, phase) in phases.iter().enumerate() {
        let is_last = index + 1 == phases.len();
        let end = if is_last { right + SIDE_ROOM } else { frame.x(phase.until as f64) };
        if !is_last {
            shapes.push(Shape::line(vec![(end, bottom), (end, head)], AXIS_LINE, LEADER));
        }
        if text::width(&phase.label, LABEL, Weight::Regular) + PHASE_MARGIN <= end - start {
            let at = ((start + end) / 2.0, top - HEAD_ROW / 2.0);
            shapes.push(Shape::text(phase.label.clone(), at, LABEL, HPos::Center, SOFT_INK));
        }
        start = end;
    }
}

/// The curves with the first on top, and the final accuracies at their ends.
fn draw_lines(figure: &ProgressFigure, frame: &Frame, shapes: &mut Vec<Shape>) {
    let mut ends = Vec::new();
    let mut obstacles = Vec::new();
    for line in figure.lines.iter().rev() {
        let Some(last) = line.improvements.last() else { continue };
        let position = |improvement: &Improvement| {
            let (x, y) = frame.position(improvement.trial as f64, 100.0 * improvement.accuracy);
            (x, y.min(frame.plot.bottom))
        };
        let mut points = step_line(line.improvements.iter().map(position));
        let end = (frame.plot.right, frame.y(100.0 * last.accuracy));
        points.push(end);
        obstacles.extend(Obstacle::along(&points, LINE));
        shapes.push(curve(line.kind, points));
        let text = format!("{:.1} %", 100.0 * last.accuracy);
        ends.push(Label { text, point: end, clearance: 8.0 });
    }
    ends.reverse();
    let room = Rect { left: frame.plot.right, right: frame.plot.right + SIDE_ROOM, ..frame.plot };
    shapes.extend(labels::draw(ends, &room.grown(LABEL), &obstacles));
}
