//! Axes: range, scale and ticks.

mod numeric;
mod rows;
mod ticks;

pub(crate) use numeric::{Axis, Scale, TickStyle};
