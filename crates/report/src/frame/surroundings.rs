//! Drawing the frame of one plot or of several stacked plots.

use plotters::style::text_anchor::HPos;

use super::axes::{draw_axes, draw_names};
use super::layout::{Frame, sides, tick_row};
use super::page::Page;
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::geometry::Rect;
use crate::legend::Entry;
use crate::text::{self, Weight};
use crate::theme::{AXIS_NAME, LEADING, PAPER, SOFT_INK};

/// The height of the name of an x axis.
const NAME_ROW: f64 = AXIS_NAME * LEADING;
/// The distance between stacked plots.
const STACK_GAP: f64 = 16.0;

/// What a figure has around its data.
pub(crate) struct Surroundings<'a> {
    pub(crate) title: &'a str,
    pub(crate) footnote: &'a str,
    pub(crate) x_name: &'a str,
    pub(crate) y_name: &'a str,
    pub(crate) legend: Vec<Entry>,
    /// Room above the plot for the labels of vertical lines.
    pub(crate) headroom: f64,
    /// Room to the right of the plot for the labels of curves.
    pub(crate) side_room: f64,
}

/// Draws the surroundings on white paper, and returns the frame that the data goes into.
pub(crate) fn draw(around: Surroundings<'_>, x: Axis, y: Axis) -> (Frame, Vec<Shape>) {
    let (left, right) = sides(&y, around.side_room);
    let page = Page { title: around.title, footnote: around.footnote, legend: around.legend };
    let (room, mut shapes) = page.draw(left);
    let top = room.top + around.headroom;
    let bottom = room.bottom - tick_row(&x) - NAME_ROW;
    let x = x.readable(right - left);
    let frame = Frame { plot: Rect { left, top, right, bottom }, x, y };
    draw_axes(&frame, &mut shapes);
    draw_names(&frame, around.x_name, around.y_name, &mut shapes);
    (frame, shapes)
}

/// One of several plots over a common x axis.
pub(crate) struct StackedPlot<'a> {
    pub(crate) y: Axis,
    pub(crate) y_name: &'a str,
    /// Its share of the height of all plots.
    pub(crate) share: f64,
}

/// Draws stacked plots on white paper, each with its own y axis and its name.
pub(crate) fn draw_stacked(
    page: Page<'_>,
    x_name: &str,
    x: &Axis,
    plots: Vec<StackedPlot<'_>>,
) -> (Vec<Frame>, Vec<Shape>) {
    let all = plots.iter().map(|plot| sides(&plot.y, 0.0));
    let (left, right) = all.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1))).unwrap_or_default();
    let (room, mut shapes) = page.draw(left);
    let x = x.clone().readable(right - left);
    let all_heights = room.bottom - NAME_ROW - room.top;
    let mut frames = Vec::with_capacity(plots.len());
    let mut above = room.top;
    for StackedPlot { y, y_name, share } in plots {
        let height = share * all_heights;
        let top = above + STACK_GAP / 2.0;
        let bottom = top + height - tick_row(&x) - STACK_GAP;
        above += height;
        let frame = Frame { plot: Rect { left, top, right, bottom }, x: x.clone(), y };
        draw_axes(&frame, &mut shapes);
        draw_names(&frame, "", y_name, &mut shapes);
        frames.push(frame);
    }
    if let Some(last) = frames.last() {
        draw_names(last, x_name, "", &mut shapes);
    }
    (frames, shapes)
}

/// A notice in the middle of the plot that says why it is empty.
pub(crate) fn notice(frame: &Frame, notice: &str) -> [Shape; 2] {
    let centre = frame.plot.centre();
    let width = text::width(notice, AXIS_NAME, Weight::Regular) + AXIS_NAME;
    [
        Shape::rect(&Rect::around(centre, width, 2.0 * AXIS_NAME), PAPER),
        Shape::text(notice, centre, AXIS_NAME, HPos::Center, SOFT_INK),
    ]
}
