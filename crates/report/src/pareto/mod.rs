//! Accuracy against latency: trials, Pareto front, targets, winners, reference networks.

mod draw;
mod figure;
mod layers;

pub use draw::draw_pareto;
pub use figure::{Mark, MarkKind, MeasuredPoint, ParetoFigure, TrialGroup};
