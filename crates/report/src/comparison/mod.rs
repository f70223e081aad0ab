//! Searches side by side: medians over seeds with bands, against the number of trials.

mod draw;
mod figure;
mod lines;
mod quantity;

pub use draw::draw_comparison;
pub use figure::{ComparisonFigure, ComparisonLine, ComparisonPoint};
pub use quantity::Quantity;
