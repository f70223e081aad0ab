//! Axes with their ticks, grid lines and names.

use plotters::style::text_anchor::HPos;

use super::layout::{Frame, TICK_LENGTH, TICK_TO_LABEL, tick_row};
use crate::axis::TickStyle;
use crate::canvas::{Shape, Text, Turn};
use crate::geometry::Rect;
use crate::text::Weight;
use crate::theme::{AXIS_LINE, AXIS_NAME, GRID, HAIRLINE, INK, MARGIN, TICK};

pub(super) fn draw_axes(frame: &Frame, shapes: &mut Vec<Shape>) {
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

/// The label of a tick at `x`, from `top` down.
fn x_label(label: &str, x: f64, top: f64, TickStyle { em, turn, .. }: TickStyle) -> Shape {
    let (at, anchor) = match turn {
        Turn::Level => ((x, top + em / 2.0), HPos::Center),
        Turn::Upwards => ((x, top), HPos::Right),
    };
    let (text, weight) = (label.to_owned(), Weight::Regular);
    Shape::Text(Text { text, at, em, weight, anchor, turn, ink: INK })
}

pub(super) fn draw_names(frame: &Frame, x_name: &str, y_name: &str, shapes: &mut Vec<Shape>) {
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
