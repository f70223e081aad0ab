//! Target latencies: vertical dashed lines with labels in rows above the plot.

use plotters::style::text_anchor::HPos;

use crate::axis::Axis;
use crate::canvas::Shape;
use crate::frame::{Frame, HEAD_ROW};
use crate::geometry::{Position, Rect};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::number::grouped;
use crate::text::{self, Weight};
use crate::theme::{AXIS_LINE, INK, LABEL, LABEL_WIDTH, PAPER};

/// The largest number of rows of labels. Targets without room there have no label.
const MAX_ROWS: usize = 6;
/// The distance between a line and a label beside it.
const BESIDE: f64 = 7.0;
/// The smallest distance between labels of a row.
const GAP: f64 = LABEL / 2.0;

/// A target latency with its name.
pub(crate) struct Named {
    pub(crate) target_ms: f64,
    pub(crate) label: String,
}

impl Named {
    /// A target with all of its decimals.
    pub(crate) fn exact(target_ms: f64) -> Named {
        Named { target_ms, label: format!("target {} ms", grouped(&target_ms.to_string())) }
    }

    /// A target to the nearest microsecond, as the screen of an adaptation shows it.
    pub(crate) fn to_microseconds(target_ms: f64) -> Named {
        Named { target_ms, label: format!("target {} ms", grouped(&format!("{target_ms:.3}"))) }
    }
}

/// A target with the place of its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    target_ms: f64,
    label: String,
    side: Side,
    /// The ends of the label.
    span: (f64, f64),
    /// The row of the label, counted from 1 at the plot upwards; 0 without a label.
    row: usize,
    /// The position of the line.
    line: f64,
}

/// The side of its line that a label stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    /// Above the line, which ends under the label.
    Above,
    Left,
    Right,
}

/// Places the labels above their lines in one row. Where they would touch, they stand beside the
/// upper ends of their lines, in as many rows as keep every label clear of the other lines.
pub(crate) fn place(targets: Vec<Named>, x: &Axis, (left, right): (f64, f64)) -> Vec<Target> {
    let mut targets = targets;
    targets.sort_by(|a, b| a.target_ms.total_cmp(&b.target_ms));
    let centred = |Named { target_ms, label }: Named| {
        let label = text::cut(&label, LABEL, Weight::Regular, LABEL_WIDTH);
        let half = text::width(&label, LABEL, Weight::Regular) / 2.0;
        let line = left + x.share(target_ms) * (right - left);
        let middle = line.max(left + half).min(right - half);
        let span = (middle - half, middle + half);
        Target { target_ms, label, side: Side::Above, span, row: 1, line }
    };
    let mut placed: Vec<Target> = targets.into_iter().map(centred).collect();
    if placed.windows(2).any(|pair| pair[0].span.1 + GAP > pair[1].span.0) {
        place_beside(&mut placed, right);
    }
    placed
}

/// Labels stand to the right of their lines, in higher and higher rows from right to left, so that
/// no line crosses a label. Those without room there stand to the left, in the opposite order.
fn place_beside(targets: &mut [Target], right: f64) {
    for target in targets.iter_mut() {
        target.stand(Side::Right);
        if target.span.1 > right {
            target.stand(Side::Left);
        }
    }
    // A line to the right of a label that stands to the left would cross it, and the other way round.
    while let Some(index) = (0..targets.len()).find(|&index| {
        targets[index].side == Side::Right
            && targets
                .iter()
                .filter(|other| other.side == Side::Left)
                .any(|other| other.covers(targets[index].line) || targets[index].covers(other.line))
    }) {
        targets[index].stand(Side::Left);
    }
    let (leftwards, mut rightwards): (Vec<usize>, Vec<usize>) =
        (0..targets.len()).partition(|&index| targets[index].side == Side::Left);
    rightwards.reverse();
    let order = [leftwards, rightwards].concat();
    for (number, &index) in order.iter().enumerate() {
        let before = || order[..number].iter().map(|&other| &targets[other]);
        let in_row = |row: usize| Target { row, ..targets[index].clone() };
        let clear = |row: &usize| before().all(|other| !in_row(*row).conflicts(other));
        let apart = |row: &usize| before().all(|other| !in_row(*row).touches(other));
        let row = (1..=MAX_ROWS).find(clear).or_else(|| (1..=MAX_ROWS).find(apart));
        targets[index].row = row.unwrap_or(0);
    }
}

/// The room that the labels need above the plot.
pub(crate) fn headroom(targets: &[Target]) -> f64 {
    targets.iter().map(|target| target.row).max().unwrap_or(0) as f64 * HEAD_ROW
}

impl Target {
    /// Puts the label on a side of the line.
    fn stand(&mut self, side: Side) {
        let width = self.span.1 - self.span.0;
        self.side = side;
        self.span = match side {
            Side::Above => (self.line - width / 2.0, self.line + width / 2.0),
            Side::Left => (self.line - BESIDE - width, self.line - BESIDE),
            Side::Right => (self.line + BESIDE, self.line + BESIDE + width),
        };
    }

    /// Whether a line there would cross the label.
    fn covers(&self, line: f64) -> bool {
        (self.span.0..=self.span.1).contains(&line)
    }

    /// Whether the labels overlap.
    fn touches(&self, other: &Target) -> bool {
        self.row == other.row
            && self.row > 0
            && self.span.0 < other.span.1 + GAP
            && other.span.0 < self.span.1 + GAP
    }

    /// Whether the labels overlap, or the line of one crosses the label of the other.
    fn conflicts(&self, other: &Target) -> bool {
        let crosses = |line: &Target, label: &Target| {
            label.row > 0 && line.row >= label.row && label.covers(line.line)
        };
        self.touches(other) || crosses(self, other) || crosses(other, self)
    }

    /// The target's line, from the lower edge of the plot up to the label or beside it.
    pub(crate) fn line(&self, frame: &Frame) -> [Position; 2] {
        let x = frame.x(self.target_ms);
        let rows = match self.side {
            Side::Above => self.row.saturating_sub(1) as f64,
            Side::Left | Side::Right => (self.row as f64 - 0.2).max(0.0),
        };
        [(x, frame.plot.bottom), (x, frame.plot.top - rows * HEAD_ROW)]
    }
}

/// All lines, then all labels.
pub(crate) fn draw(targets: &[Target], frame: &Frame) -> Vec<Shape> {
    let line = |target: &Target| Shape::dashed(target.line(frame).to_vec(), AXIS_LINE, INK);
    let mut shapes: Vec<Shape> = targets.iter().map(line).collect();
    for target in targets.iter().filter(|target| target.row > 0) {
        let y = frame.plot.top - (target.row as f64 - 0.5) * HEAD_ROW;
        let (start, end) = target.span;
        let middle = (start + end) / 2.0;
        // A viewer's font may be wider, so that the text begins at its line.
        let (x, anchor) = match target.side {
            Side::Above => (middle, HPos::Center),
            Side::Left => (end, HPos::Right),
            Side::Right => (start, HPos::Left),
        };
        shapes.push(Shape::rect(&Rect::around((middle, y), end - start + 6.0, LABEL), PAPER));
        shapes.push(Shape::text(&target.label, (x, y), LABEL, anchor, INK));
    }
    shapes
}

/// The legend's entry for targets.
pub(crate) fn entry() -> Entry {
    let across = vec![(-LINE_SAMPLE / 2.0, 0.0), (LINE_SAMPLE / 2.0, 0.0)];
    let sample = vec![Shape::dashed(across, AXIS_LINE, INK)];
    Entry { label: "target".to_owned(), sample, sample_width: LINE_SAMPLE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn placed(targets_ms: &[f64]) -> Vec<Target> {
        let named = targets_ms.iter().map(|&ms| Named::exact(ms)).collect();
        place(named, &Axis::by_spread(targets_ms), (150.0, 1500.0))
    }

    #[test]
    fn targets_far_apart_have_one_row() {
        let targets = placed(&[5.0, 10.0, 15.0]);
        assert!(targets.iter().all(|target| target.side == Side::Above && target.row == 1));
    }

    proptest! {
        #[test]
        fn a_handful_of_labels_neither_touch_nor_are_crossed(
            targets_ms in prop::collection::vec(1.0..50.0_f64, 1..4),
        ) {
            let rounded: Vec<f64> = targets_ms.iter().map(|ms| (10.0 * ms).round() / 10.0).collect();
            let targets = placed(&rounded);
            for (index, target) in targets.iter().enumerate() {
                prop_assert!(target.row > 0, "{:?}", targets);
                for other in &targets[index + 1..] {
                    prop_assert!(!target.conflicts(other), "{:?}", targets);
                }
            }
        }
    }
}
