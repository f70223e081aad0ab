//! The lines of a comparison with their bands and the labels at their ends.

use super::figure::{ComparisonFigure, ComparisonLine, ComparisonPoint};
use crate::canvas::Shape;
use crate::frame::Frame;
use crate::geometry::{Position, Rect, step_line};
use crate::labels::{self, CLEARANCE, LINE, Label, Obstacle};
use crate::line_style::{self, Style};
use crate::marks::along;
use crate::text::{self, Weight};
use crate::theme::LABEL;

/// The widest label at a line's end. If the line's name does not fit, the label has the value
/// alone.
const MAX_END_WIDTH: f64 = 320.0;
/// The number of markers on a line that crosses the whole plot.
const MARKERS: usize = 6;

/// Whether the seeds of the line differ anywhere.
pub(super) fn has_band(line: &ComparisonLine) -> bool {
    let wide = |point: &ComparisonPoint| {
        [point.low, point.high].into_iter().any(|limit| limit != Some(point.middle))
    };
    line.points.iter().any(wide)
}

/// The name and last value of each line, or `None` for a line without points.
pub(super) fn end_labels(figure: &ComparisonFigure) -> Vec<Option<String>> {
    let of = |line: &ComparisonLine| {
        let value = figure.quantity.text(line.points.last()?.middle);
        let whole = format!("{} {value}", line.label);
        Some(if width(&whole) <= MAX_END_WIDTH { whole } else { value })
    };
    figure.lines.iter().map(of).collect()
}

/// The room that the labels need beside the plot.
pub(super) fn side_room(ends: &[Option<String>]) -> f64 {
    labels::side_room(ends.iter().flatten().map(String::as_str))
}

fn width(label: &str) -> f64 {
    text::room(label, LABEL, Weight::Regular)
}

/// What is visible in the plot: the corners of the step lines, and the band between the outer ones
/// as rectangles from left to right.
struct Drawn {
    low: Vec<Position>,
    middle: Vec<Position>,
    high: Vec<Position>,
    band: Vec<Rect>,
}

fn drawn(figure: &ComparisonFigure, line: &ComparisonLine, frame: &Frame) -> Drawn {
    let Rect { top, bottom, .. } = frame.plot;
    let first = frame.x.low;
    let begin = line.points.partition_point(|point| (point.trials as f64) <= first);
    let shown = &line.points[begin.saturating_sub(1)..];
    let steps = |value: &dyn Fn(&ComparisonPoint) -> Option<f64>, beyond: f64| {
        step_line(shown.iter().map(|point| {
            let x = frame.x((point.trials as f64).max(first));
            let y = value(point).map(|value| frame.y(figure.quantity.shown(value)));
            // A regret of 0 is infinitely far down on a logarithmic axis.
            (x, y.unwrap_or(beyond).min(bottom).max(top))
        }))
    };
    let (low, high) = (steps(&|point| point.low, bottom), steps(&|point| point.high, top));
    let middle = steps(&|point| Some(point.middle), bottom);
    // Both have their corners at the same trials: the end of each step, then the rise at its end.
    let corners = high.chunks(2).zip(low.chunks(2));
    let piece = |(high, low): (&[Position], &[Position])| match (high, low) {
        ([start, end], [foot, _]) => Some(Rect::between((start.0, foot.1), *end)),
        _ => None,
    };
    let band = corners.filter_map(piece).collect();
    Drawn { low, middle, high, band }
}

/// Bands, then lines with the first on top, then markers, which tell apart lines that cover each
/// other, and labels.
pub(super) fn draw(
    figure: &ComparisonFigure,
    ends: &[Option<String>],
    frame: &Frame,
) -> Vec<Shape> {
    let (mut areas, mut limits, mut lines, mut marks) = (vec![], vec![], vec![], vec![]);
    let (mut labels, mut obstacles) = (vec![], vec![]);
    let count = figure.lines.len();
    for (index, line) in figure.lines.iter().enumerate().rev() {
        let style = line_style::of(index);
        let Drawn { low, middle, high, band } = drawn(figure, line, frame);
        obstacles.extend(Obstacle::along(&middle, LINE));
        if let (Some(text), Some(&point)) = (&ends[index], middle.last()) {
            labels.push(Label { text: text.clone(), point, clearance: CLEARANCE });
        }
        marks.extend(markers(style, &middle, frame, (index as f64 + 0.5) / count as f64));
        lines.push(style.line(middle));
        if has_band(line) {
            areas.extend(style.band(&band));
            limits.extend([style.limit(low), style.limit(high)]);
        }
    }
    labels.reverse();
    let at_edge = |label: &Label| label.point.0 >= frame.plot.right - 1.0;
    let (beside, inside): (Vec<Label>, Vec<Label>) = labels.into_iter().partition(at_edge);
    let inside = labels::draw(inside, &frame.plot, &obstacles);
    [areas, limits, lines, marks, inside, labels::draw_beside(beside, &frame.plot)].concat()
}

/// The markers of a line.
fn markers(style: Style, steps: &[Position], frame: &Frame, shift: f64) -> Vec<Shape> {
    let centres = along(steps, &frame.plot, MARKERS, shift);
    centres.into_iter().flat_map(|centre| style.marker(centre)).collect()
}
