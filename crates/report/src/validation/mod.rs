//! Predicted against measured latency, with the errors below.

mod draw;
mod figure;

pub use draw::draw_validation;
pub use figure::{ValidatedNetwork, ValidationFigure};
