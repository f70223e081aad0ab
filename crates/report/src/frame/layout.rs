//! Where the parts of a figure are.

use crate::axis::Axis;
use crate::canvas::Turn;
use crate::geometry::{Position, Rect};
use crate::text::{self, Weight};
use crate::theme::{AXIS_NAME, LABEL, LEADING, MARGIN, TICK, WIDTH};

/// Height of a row of labels above the plot.
pub(crate) const HEAD_ROW: f64 = LABEL * LEADING;
/// Length of labelled ticks; small ones have half of it.
pub(super) const TICK_LENGTH: f64 = 10.0;
pub(super) const TICK_TO_LABEL: f64 = 8.0;

/// Where the data goes.
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

/// Height of the ticks of the lower axis `x` with their labels.
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

/// Left and right edge of the plot beside the ticks of `y`.
pub(crate) fn sides(y: &Axis, side_room: f64) -> (f64, f64) {
    let labels = y.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let widest = labels.map(|label| text::width(label, TICK, Weight::Regular)).fold(0.0, f64::max);
    let left = MARGIN + AXIS_NAME * 1.6 + widest + TICK_LENGTH + TICK_TO_LABEL;
    (left, f64::from(WIDTH) - MARGIN - side_room)
}
