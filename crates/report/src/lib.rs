#![doc = include_str!("../README.md")]

mod adaptation;
mod axis;
mod canvas;
mod comparison;
mod curves;
mod duration;
mod error;
mod files;
mod folder_readme;
mod frame;
mod geometry;
mod hatch;
mod labels;
mod legend;
mod line_style;
mod marks;
mod number;
mod paint;
mod paint_text;
mod pareto;
mod point;
mod progress;
pub mod scatter;
mod targets;
mod text;
mod theme;
mod thin;
mod validation;
mod widths;

pub use adaptation::{AdaptationFigure, TrainedMark, draw_adaptation};
pub use comparison::{
    ComparisonFigure, ComparisonLine, ComparisonPoint, Quantity, draw_comparison,
};
pub use curves::{Curve, CurvesFigure, Plot, draw_curves};
pub use duration::duration;
pub use error::ReportError;
pub use files::{Cell, write_atomically, write_csv, write_figure};
pub use folder_readme::{FileOf, FolderReadme};
pub use number::grouped;
pub use paint::Format;
pub use pareto::{Mark, MarkKind, MeasuredPoint, ParetoFigure, TrialGroup, draw_pareto};
pub use point::Point;
pub use progress::{
    Improvement, LineKind, PhaseShade, ProgressFigure, ProgressLine, ProgressPhase, draw_progress,
};
pub use validation::{ValidatedNetwork, ValidationFigure, draw_validation};
pub use widths::{WidthRow, WidthsFigure, draw_widths};
