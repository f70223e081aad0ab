//! Figures and CSV files from plain points and series.
//!
//! A figure is a plain struct ([`ParetoFigure`], [`ProgressFigure`], [`ComparisonFigure`],
//! [`CurvesFigure`], [`AdaptationFigure`], [`WidthsFigure`]); [`draw_pareto`], [`draw_progress`],
//! [`draw_comparison`], [`draw_curves`], [`draw_adaptation`] and [`draw_widths`] turn it into the
//! bytes of an SVG or a PNG, both of one drawing. [`write_atomically`] and [`write_csv`] put files
//! in place.
//!
//! Figures read the same in black and white: kinds differ in shape and darkness before hue.
//! Without data a figure still shows its axes, and says that there is nothing to show.
//!
//! ```
//! use report::{Format, ParetoFigure, Point, draw_pareto};
//!
//! let figure = ParetoFigure {
//!     title: "mnasnet space, target 15 ms".into(),
//!     front: vec![Point { latency_ms: 9.1, accuracy: 0.601 }, Point { latency_ms: 14.8, accuracy: 0.646 }],
//!     targets_ms: vec![15.0],
//!     ..ParetoFigure::default()
//! };
//! let svg = draw_pareto(&figure, Format::Svg)?;
//! assert!(svg.starts_with(b"<svg"));
//! # Ok::<(), report::ReportError>(())
//! ```

mod adaptation;
mod axis;
mod canvas;
mod comparison;
mod curves;
mod error;
mod files;
mod frame;
mod geometry;
mod labels;
mod legend;
mod line_style;
mod marks;
mod paint;
mod paint_text;
mod pareto;
mod point;
mod progress;
mod targets;
mod text;
mod theme;
mod thin;
mod widths;

pub use adaptation::{AdaptationFigure, TrainedMark, draw_adaptation};
pub use comparison::{
    ComparisonFigure, ComparisonLine, ComparisonPoint, Quantity, draw_comparison,
};
pub use curves::{Curve, CurvesFigure, Plot, draw_curves};
pub use error::ReportError;
pub use files::{Cell, write_atomically, write_csv};
pub use paint::Format;
pub use pareto::{Mark, MarkKind, MeasuredPoint, ParetoFigure, draw_pareto};
pub use point::Point;
pub use progress::{Improvement, LineKind, ProgressFigure, ProgressLine, draw_progress};
pub use widths::{WidthRow, WidthsFigure, draw_widths};
