//! The lines of a comparison with their bands and the labels at their ends.

use plotters::style::text_anchor::HPos;

use super::figure::{ComparisonFigure, ComparisonLine, ComparisonPoint};
use crate::canvas::Shape;
use crate::frame::Frame;
use crate::geometry::{Position, Rect, step_line};
use crate::labels::{self, LINE, Label, Obstacle};
use crate::line_style::{self, Style};
use crate::text::{self, Weight};
use crate::theme::{HAIRLINE, INK, LABEL, SOFT_INK};

/// The widest label at a line's end. If the line's name does not fit, the label has the value
/// alone.
const MAX_END_WIDTH: f64 = 320.0;
/// The distance between a line's end and its label.
const CLEARANCE: f64 = 8.0;
/// The distance between the edge of the plot and the labels beside it.
const LEADER_LENGTH: f64 = 16.0;
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
    let widest = ends.iter().flatten().map(|end| width(end)).fold(0.0, f64::max);
    LEADER_LENGTH + CLEARANCE + widest
}

fn width(label: &str) -> f64 {
    text::room(label, LABEL, Weight::Regular)
}

/// The corners of the step lines that are visible in the plot.
struct Drawn {
    low: Vec<Position>,
    middle: Vec<Position>,
    high: Vec<Position>,
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
    Drawn {
        low: steps(&|point| point.low, bottom),
        middle: steps(&|point| Some(point.middle), bottom),
        high: steps(&|point| point.high, top),
    }
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
        let Drawn { low, middle, high } = drawn(figure, line, frame);
        obstacles.extend(Obstacle::along(&middle, LINE));
        if let (Some(text), Some(&point)) = (&ends[index], middle.last()) {
            labels.push(Label { text: text.clone(), point, clearance: CLEARANCE });
        }
        marks.extend(markers(style, &middle, frame, (index as f64 + 0.5) / count as f64));
        lines.push(style.line(middle));
        if has_band(line) {
            areas.push(line_style::band(
                high.iter().chain(low.iter().rev()).copied().collect(),
                count,
            ));
            limits.extend([style.limit(low), style.limit(high)]);
        }
    }
    labels.reverse();
    let at_edge = |label: &Label| label.point.0 >= frame.plot.right - 1.0;
    let (beside, inside): (Vec<Label>, Vec<Label>) = labels.into_iter().partition(at_edge);
    let inside = labels::draw(inside, &frame.plot, &obstacles);
    [areas, limits, lines, marks, inside, labels_beside(beside, frame)].concat()
}

/// Labels to the right of the plot, from top to bottom in the order of the lines' ends.
fn labels_beside(mut labels: Vec<Label>, frame: &Frame) -> Vec<Shape> {
    labels.sort_by(|a, b| a.point.1.total_cmp(&b.point.1));
    let mut places: Vec<f64> = Vec::new();
    for label in &labels {
        let free = places.last().map_or(f64::NEG_INFINITY, |above| above + LABEL);
        places.push(label.point.1.max(free));
    }
    // Labels that would be below the plot push the others up.
    let mut lowest = frame.plot.bottom;
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

/// The markers of a line. `shift`, between 0 and 1, differs from line to line, so that their
/// markers are at different places.
fn markers(style: Style, steps: &[Position], frame: &Frame, shift: f64) -> Vec<Shape> {
    let at = |number: usize| {
        let share = (number as f64 + shift) / MARKERS as f64;
        let x = frame.plot.left + share * frame.plot.width();
        let before = steps.partition_point(|corner| corner.0 <= x);
        // There is no line after its last corner.
        (1..steps.len()).contains(&before).then(|| style.marker((x, steps[before - 1].1)))
    };
    (0..MARKERS).filter_map(at).flatten().collect()
}
