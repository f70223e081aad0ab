//! Accuracy against latency of a network that is adapted iteration by iteration, as NetAdapt does.

mod draw;
mod figure;
mod trained;

pub use draw::draw_adaptation;
pub use figure::{AdaptationFigure, TrainedMark};
