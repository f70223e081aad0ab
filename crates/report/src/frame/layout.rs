//! The place of the plot in a figure.

use crate::axis::Axis;
use crate::canvas::Turn;
use crate::geometry::{Position, Rect};
use crate::text::{self, Weight};
use crate::theme::{AXIS_NAME, LABEL, LEADING, MARGIN, TICK, WIDTH};

/// The height of a row of labels above the plot.
pub(crate) const HEAD_ROW: f64 = LABEL * LEADING;
/// The length of labelled ticks. Small ticks have half of it.
pub(super) const TICK_LENGTH: f64 = 10.0;
pub(super) const TICK_TO_LABEL: f64 = 8.0;

/// The plot with its axes.
pub(crate) struct Frame {
    pub(crate) plot: Rect,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Frame {
    pub(crate) fn x(&self, value: f64) -> f64 {
        self.plot.left + self.x.share(value) * self.plot.width()
    }

    pub(crate) fn y(&self, value: f64) -> f64 {
        self.plot.bottom - self.y.share(value) * self.plot.height()
    }

    pub(crate) fn position(&self, x: f64, y: f64) -> Position {
        (self.x(x), self.y(y))
    }
}

/// The height of the ticks of the x axis with their labels.
pub(super) fn tick_row(x: &Axis) -> f64 {
    let em = x.style.em;
    let labels = x.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let label = match x.style.turn {
        Turn::Level => em * LEADING,
        Turn::Upwards => {
            labels.map(|label| text::room(label, em, Weight::Regular)).fold(0.0, f64::max)
        }
    };
    label + TICK_LENGTH + TICK_TO_LABEL
}

/// The left and right edge of the plot, with room for the ticks of `y`.
pub(crate) fn sides(y: &Axis, side_room: f64) -> (f64, f64) {
    let labels = y.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let widest = labels.map(|label| text::width(label, TICK, Weight::Regular)).fold(0.0, f64::max);
    let left = MARGIN + AXIS_NAME * 1.6 + widest + TICK_LENGTH + TICK_TO_LABEL;
    (left, f64::from(WIDTH) - MARGIN - side_room)
}
