//! Drawing a progress figure.

use super::figure::{Improvement, LineKind, ProgressFigure, ProgressLine, check};
use super::phases;
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::error::ReportError;
use crate::frame::{self, Frame, Surroundings};
use crate::geometry::{Position, step_line};
use crate::labels::{self, CLEARANCE, Label};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::line_style::{self, Style};
use crate::marks::along;
use crate::paint::{self, Format};
use crate::text::{self, Weight};
use crate::theme::{LABEL, MARGIN, WIDTH};

/// The accuracies of this share of the trials, the first ones, may be below the axis.
const RUN_IN: f64 = 0.01;
/// The widest name at a line's end.
const MAX_END_WIDTH: f64 = 300.0;
/// The number of markers on a line that crosses the whole plot.
const MARKERS: usize = 5;

/// Draws the best accuracy so far against the number of trials, as an SVG or a PNG. Accuracies of
/// the first 1 % of the trials may be below the axis, so that the rest is not pressed flat; the
/// curves then rise from the lower edge. A figure without improvements says that no trial met the
/// target.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if an accuracy is not from 0 to 1, a trial is not after the one
/// before it or is beyond [`ProgressFigure::trials`], or phases are empty or overlap.
pub fn draw_progress(figure: &ProgressFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let percents = shown_percents(figure);
    let x = Axis::counts(figure.trials as f64);
    let y = Axis::around(&percents, (0.0, 100.0), 1.0);
    let ends: Vec<Option<String>> = figure.lines.iter().map(end_label).collect();
    let side_room = labels::side_room(ends.iter().flatten().map(String::as_str));
    let outer = f64::from(WIDTH) - MARGIN;
    let phases = phases::place(&figure.phases, &x, frame::sides(&y, side_room), outer);
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name: "trials",
        y_name: "best accuracy so far (%)",
        legend: figure.lines.iter().map(|line| entry(figure, line)).collect(),
        headroom: phases::headroom(&phases),
        side_room,
    };
    let (frame, mut shapes) = frame::draw(around, x, y);
    shapes.extend(phases::backgrounds(&phases, &frame));
    shapes.extend(phases::brackets(&phases, &frame));
    draw_lines(figure, &ends, &frame, &mut shapes);
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

fn style(line: &ProgressLine) -> Style {
    match line.kind {
        LineKind::Search => line_style::foremost(line.group),
        LineKind::Baseline => line_style::baseline(line.group),
    }
}

/// Whether lines of several groups have to be told apart.
fn has_groups(figure: &ProgressFigure) -> bool {
    figure.lines.windows(2).any(|pair| pair[0].group != pair[1].group)
}

fn entry(figure: &ProgressFigure, line: &ProgressLine) -> Entry {
    let style = style(line);
    let sample = if has_groups(figure) { style.sample() } else { style.plain_sample() };
    Entry { label: line.label.clone(), sample_width: LINE_SAMPLE, sample }
}

/// The name and last accuracy of a line, or `None` for a line without improvements.
fn end_label(line: &ProgressLine) -> Option<String> {
    let percent = format!("{:.1} %", 100.0 * line.improvements.last()?.accuracy);
    let name = text::cut(&line.end_label, LABEL, Weight::Regular, MAX_END_WIDTH);
    Some(if name.is_empty() { percent } else { format!("{name}: {percent}") })
}

/// The curves with the first on top, their markers, and the final accuracies at their ends.
fn draw_lines(
    figure: &ProgressFigure,
    ends: &[Option<String>],
    frame: &Frame,
    shapes: &mut Vec<Shape>,
) {
    let (mut labels, mut markers) = (Vec::new(), Vec::new());
    let count = figure.lines.len();
    for (index, line) in figure.lines.iter().enumerate().rev() {
        let Some(last) = line.improvements.last() else { continue };
        let position = |improvement: &Improvement| -> Position {
            let (x, y) = frame.position(improvement.trial as f64, 100.0 * improvement.accuracy);
            (x, y.min(frame.plot.bottom))
        };
        let mut points = step_line(line.improvements.iter().map(position));
        let end = (frame.plot.right, frame.y(100.0 * last.accuracy));
        points.push(end);
        if has_groups(figure) {
            let shift = (index as f64 + 0.5) / count as f64;
            let centres = along(&points, &frame.plot, MARKERS, shift);
            markers.extend(centres.into_iter().flat_map(|centre| style(line).marker(centre)));
        }
        shapes.push(style(line).line(points));
        labels.extend(ends[index].clone().map(|text| Label {
            text,
            point: end,
            clearance: CLEARANCE,
        }));
    }
    shapes.extend(markers);
    labels.reverse();
    shapes.extend(labels::draw_beside(labels, &frame.plot));
}
