//! What surrounds the data of every figure: title, legend, axes with their names, footnote.

use plotters::style::text_anchor::HPos;

use crate::axis::{Axis, TickStyle};
use crate::canvas::{Shape, Text, Turn};
use crate::geometry::{Position, Rect};
use crate::legend::{self, Entry};
use crate::text::{self, Weight};
use crate::theme::{
    AXIS_LINE, AXIS_NAME, FOOTNOTE, GRID, HAIRLINE, HEIGHT, INK, LABEL, LEADING, MARGIN, PAPER,
    SOFT_INK, TICK, TITLE, WIDTH,
};

/// What a figure says around its data.
pub(crate) struct Surroundings<'a> {
    pub(crate) title: &'a str,
    pub(crate) footnote: &'a str,
    pub(crate) x_name: &'a str,
    pub(crate) y_name: &'a str,
    pub(crate) legend: Vec<Entry>,
    /// Room above the plot for labels of vertical lines.
    pub(crate) headroom: f64,
    /// Room to the right of the plot for labels of curves.
    pub(crate) side_room: f64,
}

/// Height of a row of labels above the plot.
pub(crate) const HEAD_ROW: f64 = LABEL * LEADING;

/// Length of labelled ticks; small ones have half of it.
const TICK_LENGTH: f64 = 10.0;
const TICK_TO_LABEL: f64 = 8.0;
/// Height of the name of a plot's lower axis.
const NAME_ROW: f64 = AXIS_NAME * LEADING;
/// Free height between stacked plots.
const STACK_GAP: f64 = 16.0;
const TITLE_LINES: usize = 2;
const FOOTNOTE_LINES: usize = 3;

/// Where the data goes.
pub(crate) struct Frame {
    pub(crate) plot: Rect,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Frame {
    pub(crate) fn x(&self, value: f64) -> f64 {
        self.plot.left + self.x.share(value) * self.plot.width()
    }

    pub(crate) fn y(&self, value: f64) -> f64 {
        self.plot.bottom - self.y.share(value) * self.plot.height()
    }

    pub(crate) fn position(&self, x: f64, y: f64) -> Position {
        (self.x(x), self.y(y))
    }
}

/// Height of the ticks of the lower axis `x` with their labels.
fn tick_row(x: &Axis) -> f64 {
    let em = x.style.em;
    let labels = x.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let label = match x.style.turn {
        Turn::Level => em * LEADING,
        Turn::Upwards => {
            labels.map(|label| text::room(label, em, Weight::Regular)).fold(0.0, f64::max)
        }
    };
    label + TICK_LENGTH + TICK_TO_LABEL
}

/// Left and right edge of the plot beside the ticks of `y`.
pub(crate) fn sides(y: &Axis, side_room: f64) -> (f64, f64) {
    let labels = y.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let widest = labels.map(|label| text::width(label, TICK, Weight::Regular)).fold(0.0, f64::max);
    let left = MARGIN + AXIS_NAME * 1.6 + widest + TICK_LENGTH + TICK_TO_LABEL;
    (left, f64::from(WIDTH) - MARGIN - side_room)
}

/// Draws the surroundings on white paper, and says where the plot is.
pub(crate) fn draw(around: Surroundings<'_>, x: Axis, y: Axis) -> (Frame, Vec<Shape>) {
    let (left, right) = sides(&y, around.side_room);
    let page = Page { title: around.title, footnote: around.footnote, legend: around.legend };
    let (room, mut shapes) = page.draw(left);
    let top = room.top + around.headroom;
    let bottom = room.bottom - tick_row(&x) - NAME_ROW;
    let frame = Frame { plot: Rect { left, top, right, bottom }, x, y };
    draw_axes(&frame, &mut shapes);
    draw_names(&frame, around.x_name, around.y_name, &mut shapes);
    (frame, shapes)
}

/// Draws plots of one height under each other, each with the name of its axis of values, on white
/// paper.
pub(crate) fn draw_stacked(
    page: Page<'_>,
    x_name: &str,
    x: &Axis,
    plots: Vec<(Axis, &str)>,
) -> (Vec<Frame>, Vec<Shape>) {
    let all = plots.iter().map(|(y, _)| sides(y, 0.0));
    let (left, right) = all.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1))).unwrap_or_default();
    let (room, mut shapes) = page.draw(left);
    let height = (room.bottom - NAME_ROW - room.top) / plots.len() as f64;
    let mut frames = Vec::with_capacity(plots.len());
    for (index, (y, y_name)) in plots.into_iter().enumerate() {
        let top = room.top + height * index as f64 + STACK_GAP / 2.0;
        let bottom = top + height - tick_row(x) - STACK_GAP;
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

/// What stands above and below the plots.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) footnote: &'a str,
    pub(crate) legend: Vec<Entry>,
}

impl Page<'_> {
    /// Draws it from `left` on, and says where there is room for plots with their ticks.
    fn draw(self, left: f64) -> (Rect, Vec<Shape>) {
        let (right, bottom) = (f64::from(WIDTH), f64::from(HEIGHT));
        let paper = Rect { left: 0.0, top: 0.0, right, bottom };
        let mut shapes = vec![Shape::rect(&paper, PAPER)];
        let right = right - MARGIN;
        let mut top = MARGIN;
        for line in text::wrap(self.title, TITLE, Weight::Bold, right - left, TITLE_LINES) {
            shapes.push(Shape::Text(Text {
                text: line,
                at: (left, top + TITLE / 2.0),
                em: TITLE,
                weight: Weight::Bold,
                anchor: HPos::Left,
                turn: Turn::Level,
                ink: INK,
            }));
            top += TITLE * LEADING;
        }
        top = legend::draw(self.legend, left, right, top + 4.0, &mut shapes);
        let mut bottom = bottom - MARGIN;
        let space = right - left;
        let footnote = text::wrap(self.footnote, FOOTNOTE, Weight::Regular, space, FOOTNOTE_LINES);
        for line in footnote.into_iter().rev() {
            let middle = bottom - FOOTNOTE / 2.0;
            shapes.push(Shape::text(line, (left, middle), FOOTNOTE, HPos::Left, SOFT_INK));
            bottom -= FOOTNOTE * LEADING;
        }
        (Rect { left, top, right, bottom }, shapes)
    }
}

/// Says in the middle of the plot why it is empty.
pub(crate) fn notice(frame: &Frame, notice: &str) -> [Shape; 2] {
    let centre = frame.plot.centre();
    let width = text::width(notice, AXIS_NAME, Weight::Regular) + AXIS_NAME;
    [
        Shape::rect(&Rect::around(centre, width, 2.0 * AXIS_NAME), PAPER),
        Shape::text(notice, centre, AXIS_NAME, HPos::Center, SOFT_INK),
    ]
}

fn draw_axes(frame: &Frame, shapes: &mut Vec<Shape>) {
    let Rect { left, top, right, bottom } = frame.plot;
    let length = |label: &Option<String>| match label {
        Some(_) => TICK_LENGTH,
        None => TICK_LENGTH / 2.0,
    };
    let mut marks = Vec::new();
    for tick in &frame.x.ticks {
        let x = frame.x(tick.value);
        let end = bottom + length(&tick.label);
        marks.push(Shape::line(vec![(x, bottom), (x, end)], AXIS_LINE, INK));
        if let Some(label) = &tick.label {
            if frame.x.style.grid {
                shapes.push(Shape::line(vec![(x, top), (x, bottom)], HAIRLINE, GRID));
            }
            marks.push(x_label(label, x, bottom + TICK_LENGTH + TICK_TO_LABEL, frame.x.style));
        }
    }
    for tick in &frame.y.ticks {
        let y = frame.y(tick.value);
        let end = left - length(&tick.label);
        marks.push(Shape::line(vec![(end, y), (left, y)], AXIS_LINE, INK));
        if let Some(label) = &tick.label {
            shapes.push(Shape::line(vec![(left, y), (right, y)], HAIRLINE, GRID));
            marks.push(Shape::text(
                label,
                (left - TICK_LENGTH - TICK_TO_LABEL, y),
                TICK,
                HPos::Right,
                INK,
            ));
        }
    }
    shapes.extend(marks);
    shapes.push(Shape::line(vec![(left, top), (left, bottom), (right, bottom)], AXIS_LINE, INK));
}

/// Of a tick at `x`, from `top` down.
fn x_label(label: &str, x: f64, top: f64, TickStyle { em, turn, .. }: TickStyle) -> Shape {
    let (at, anchor) = match turn {
        Turn::Level => ((x, top + em / 2.0), HPos::Center),
        Turn::Upwards => ((x, top), HPos::Right),
    };
    let (text, weight) = (label.to_owned(), Weight::Regular);
    Shape::Text(Text { text, at, em, weight, anchor, turn, ink: INK })
}

fn draw_names(frame: &Frame, x_name: &str, y_name: &str, shapes: &mut Vec<Shape>) {
    let (x, y) = frame.plot.centre();
    let below = frame.plot.bottom + tick_row(&frame.x) + AXIS_NAME / 2.0;
    if !x_name.is_empty() {
        shapes.push(Shape::text(x_name, (x, below), AXIS_NAME, HPos::Center, INK));
    }
    if !y_name.is_empty() {
        shapes.push(Shape::Text(Text {
            text: y_name.to_owned(),
            at: (MARGIN + AXIS_NAME / 2.0, y),
            em: AXIS_NAME,
            weight: Weight::Regular,
            anchor: HPos::Center,
            turn: Turn::Upwards,
            ink: INK,
        }));
    }
}
