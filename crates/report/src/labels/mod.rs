//! Labels beside points, placed so that they cover neither each other nor the data.

mod draw;
mod place;

pub(crate) use draw::draw;
pub(crate) use place::{GUIDE, LINE, Label, MARK, Obstacle, TRIAL};
