//! Labels beside points, placed so that they cover neither each other nor the data.

mod beside;
mod draw;
mod place;

pub(crate) use beside::{CLEARANCE, draw_beside, side_room};
pub(crate) use draw::draw;
pub(crate) use place::{GUIDE, LINE, Label, MARK, Obstacle, TRIAL};
