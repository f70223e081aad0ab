//! Best accuracy so far against the number of trials.

mod draw;
mod figure;

pub use draw::draw_progress;
pub use figure::{Improvement, LineKind, ProgressFigure, ProgressLine, ProgressPhase};
