//! The frame around the data of every figure: title, legend, axes with their names, footnote.

mod axes;
mod layout;
mod page;
mod surroundings;

pub(crate) use layout::{Frame, HEAD_ROW, sides};
pub(crate) use page::Page;
pub(crate) use surroundings::{StackedPlot, Surroundings, draw, draw_stacked, notice};
