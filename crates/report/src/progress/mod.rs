//! Best accuracy so far against the number of trials.

mod draw;
mod figure;
mod phases;

pub use draw::draw_progress;
pub use figure::{Improvement, LineKind, PhaseShade, ProgressFigure, ProgressLine, ProgressPhase};
