//! What surrounds the data of every figure: title, legend, axes with their names, footnote.

use plotters::style::text_anchor::HPos;

use crate::axis::Axis;
use crate::canvas::{Shape, Text, Turn};
use crate::geometry::{Position, Rect};
use crate::text::{self, Weight};
use crate::theme::{
    AXIS_LINE, AXIS_NAME, DASH, FOOTNOTE, GAP, GRID, HAIRLINE, HEIGHT, INK, LABEL, LABEL_WIDTH,
    LEADING, LEGEND, MARGIN, PAPER, SOFT_INK, TICK, TITLE, WIDTH,
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

/// A legend entry: its sample is drawn around (0, 0).
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) sample: Vec<Shape>,
    pub(crate) sample_width: f64,
}

/// Width of a legend's sample of a line: three whole dashes.
pub(crate) const LINE_SAMPLE: f64 = 3.0 * DASH + 2.0 * GAP;

/// Height of a row of labels above the plot.
pub(crate) const HEAD_ROW: f64 = LABEL * LEADING;

/// Length of labelled ticks; small ones have half of it.
const TICK_LENGTH: f64 = 10.0;
const TICK_TO_LABEL: f64 = 8.0;
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

/// Left and right edge of the plot beside the ticks of `y`.
pub(crate) fn sides(y: &Axis, side_room: f64) -> (f64, f64) {
    let labels = y.ticks.iter().filter_map(|tick| tick.label.as_deref());
    let widest = labels.map(|label| text::width(label, TICK, Weight::Regular)).fold(0.0, f64::max);
    let left = MARGIN + AXIS_NAME * 1.6 + widest + TICK_LENGTH + TICK_TO_LABEL;
    (left, f64::from(WIDTH) - MARGIN - side_room)
}

/// Draws the surroundings on white paper, and says where the plot is.
pub(crate) fn draw(around: Surroundings<'_>, x: Axis, y: Axis) -> (Frame, Vec<Shape>) {
    let (right, bottom) = (f64::from(WIDTH), f64::from(HEIGHT));
    let paper = Rect { left: 0.0, top: 0.0, right, bottom };
    let mut shapes = vec![Shape::rect(&paper, PAPER)];

    let text_right = right - MARGIN;
    let (left, right) = sides(&y, around.side_room);

    let mut top = MARGIN;
    for line in text::wrap(around.title, TITLE, Weight::Bold, text_right - left, TITLE_LINES) {
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
    top = draw_legend(around.legend, left, text_right, top + 4.0, &mut shapes);
    top += around.headroom;

    let mut bottom = bottom - MARGIN;
    let space = text_right - left;
    let footnote = text::wrap(around.footnote, FOOTNOTE, Weight::Regular, space, FOOTNOTE_LINES);
    for line in footnote.into_iter().rev() {
        let middle = bottom - FOOTNOTE / 2.0;
        shapes.push(Shape::text(line, (left, middle), FOOTNOTE, HPos::Left, SOFT_INK));
        bottom -= FOOTNOTE * LEADING;
    }
    bottom -= (AXIS_NAME + TICK) * LEADING + TICK_LENGTH + TICK_TO_LABEL;

    let plot = Rect { left, top, right, bottom };
    let frame = Frame { plot, x, y };
    draw_axes(&frame, &mut shapes);
    draw_names(&frame, around.x_name, around.y_name, &mut shapes);
    (frame, shapes)
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

/// Draws the entries in rows from `left` to `right`; returns the lower edge.
fn draw_legend(
    legend: Vec<Entry>,
    left: f64,
    right: f64,
    top: f64,
    shapes: &mut Vec<Shape>,
) -> f64 {
    const AFTER_SAMPLE: f64 = 10.0;
    const AFTER_ENTRY: f64 = 26.0;
    let row = LEGEND * 1.55;
    if legend.is_empty() {
        return top + 10.0;
    }
    let (mut x, mut y) = (left, top + row / 2.0);
    for entry in legend {
        let label = text::cut(&entry.label, LEGEND, Weight::Regular, LABEL_WIDTH);
        let width = entry.sample_width + AFTER_SAMPLE + text::room(&label, LEGEND, Weight::Regular);
        if x > left && x + width > right {
            (x, y) = (left, y + row);
        }
        let centre = (x + entry.sample_width / 2.0, y);
        shapes.extend(entry.sample.iter().map(|shape| shape.moved(centre)));
        let start = (x + entry.sample_width + AFTER_SAMPLE, y);
        shapes.push(Shape::text(label, start, LEGEND, HPos::Left, INK));
        x += width + AFTER_ENTRY;
    }
    y + row / 2.0 + 10.0
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
            shapes.push(Shape::line(vec![(x, top), (x, bottom)], HAIRLINE, GRID));
            let middle = (x, bottom + TICK_LENGTH + TICK_TO_LABEL + TICK / 2.0);
            marks.push(Shape::text(label, middle, TICK, HPos::Center, INK));
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

fn draw_names(frame: &Frame, x_name: &str, y_name: &str, shapes: &mut Vec<Shape>) {
    let (x, y) = frame.plot.centre();
    let below = frame.plot.bottom + TICK_LENGTH + TICK_TO_LABEL + TICK * LEADING + AXIS_NAME / 2.0;
    shapes.push(Shape::text(x_name, (x, below), AXIS_NAME, HPos::Center, INK));
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
