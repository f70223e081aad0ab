//! The phases of a search: their background in the plot, and their names above it.

use plotters::style::text_anchor::HPos;

use super::figure::{PhaseShade, ProgressPhase};
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::frame::{Frame, HEAD_ROW};
use crate::geometry::Rect;
use crate::text::{self, Weight};
use crate::theme::{AXIS_LINE, HAIRLINE, LABEL, LABEL_WIDTH, LEADER, PAPER, SHADE, SOFT_INK};

/// The distance of the brackets from the plot, and the length of their ends.
const BRACKET: f64 = 7.0;
/// The room for the brackets above the plot.
const BRACKETS: f64 = 2.0 * BRACKET;
/// The distance between neighbouring brackets.
const BETWEEN: f64 = 6.0;
/// The smallest distance between names in a row.
const GAP: f64 = LABEL / 2.0;
/// The largest number of rows of names. Phases without room there have no name.
const MAX_ROWS: usize = 4;

/// A phase with the places of its bracket and name.
pub(super) struct Placed {
    label: String,
    shade: PhaseShade,
    /// The ends of its trials.
    trials: (f64, f64),
    /// The ends of the name.
    span: (f64, f64),
    /// The row of the name, counted from 1 at the bracket upwards; 0 without a name.
    row: usize,
}

/// Places each name over the middle of its phase, in the lowest row that has room for it between
/// `left` and `outer`, which is beyond the right edge of the plot.
pub(super) fn place(
    phases: &[ProgressPhase],
    x: &Axis,
    (left, right): (f64, f64),
    outer: f64,
) -> Vec<Placed> {
    let position = |trial: u64| left + x.share(trial as f64) * (right - left);
    let mut row_ends = [f64::NEG_INFINITY; MAX_ROWS];
    let mut one = |phase: &ProgressPhase| {
        let label = text::cut(&phase.label, LABEL, Weight::Regular, LABEL_WIDTH);
        let trials = (position(phase.first - 1), position(phase.last));
        let half = text::room(&label, LABEL, Weight::Regular) / 2.0;
        let middle = ((trials.0 + trials.1) / 2.0).min(outer - half).max(left + half);
        let row = row_ends.iter().position(|&end| end + GAP <= middle - half);
        if let Some(row) = row {
            row_ends[row] = middle + half;
        }
        let span = (middle - half, middle + half);
        Placed { label, shade: phase.shade, trials, span, row: row.map_or(0, |row| row + 1) }
    };
    phases.iter().map(&mut one).collect()
}

/// The room that brackets and names need above the plot.
pub(super) fn headroom(phases: &[Placed]) -> f64 {
    match phases.iter().map(|phase| phase.row).max() {
        None => 0.0,
        Some(rows) => BRACKETS + rows as f64 * HEAD_ROW,
    }
}

/// The backgrounds, with a line where one phase ends and the next begins.
pub(super) fn backgrounds(phases: &[Placed], frame: &Frame) -> Vec<Shape> {
    let Rect { top, bottom, .. } = frame.plot;
    let mut shapes = Vec::new();
    for phase in phases {
        let (left, right) = phase.trials;
        if phase.shade == PhaseShade::Shaded {
            shapes.push(Shape::rect(&Rect { left, top, right, bottom }, SHADE));
        }
        if right < frame.plot.right - AXIS_LINE {
            shapes.push(Shape::line(vec![(right, top), (right, bottom)], AXIS_LINE, LEADER));
        }
    }
    shapes
}

/// The brackets, then the names.
pub(super) fn brackets(phases: &[Placed], frame: &Frame) -> Vec<Shape> {
    let level = frame.plot.top - BRACKET;
    let mut shapes = Vec::new();
    for Placed { trials, span, row, .. } in phases {
        let (left, right) = (trials.0 + BETWEEN / 2.0, trials.1 - BETWEEN / 2.0);
        let (left, right) = if left < right { (left, right) } else { *trials };
        let end = level + BRACKET - 1.0;
        let corners = vec![(left, end), (left, level), (right, level), (right, end)];
        shapes.push(Shape::line(corners, AXIS_LINE, SOFT_INK));
        let (middle, name) = ((left + right) / 2.0, (span.0 + span.1) / 2.0);
        if *row > 1 || (middle - name).abs() > 1.0 {
            let foot = frame.plot.top - BRACKETS - (*row).saturating_sub(1) as f64 * HEAD_ROW;
            let head = (middle.clamp(span.0, span.1), foot);
            shapes.push(Shape::line(vec![(middle, level), head], HAIRLINE, SOFT_INK));
        }
    }
    for Placed { label, span, row, .. } in phases.iter().filter(|phase| phase.row > 0) {
        let middle = (span.0 + span.1) / 2.0;
        let y = frame.plot.top - BRACKETS - (*row as f64 - 0.5) * HEAD_ROW;
        shapes.push(Shape::rect(&Rect::around((middle, y), span.1 - span.0, LABEL), PAPER));
        shapes.push(Shape::text(label, (middle, y), LABEL, HPos::Center, SOFT_INK));
    }
    shapes
}
