//! Drawing an adaptation figure.

use super::figure::{AdaptationFigure, check};
use super::trained::{self, Placed};
use crate::axis::Axis;
use crate::canvas::Shape;
use crate::error::ReportError;
use crate::frame::{self, Frame, Surroundings};
use crate::legend::Entry;
use crate::marks::Glyph;
use crate::paint::{self, Format};
use crate::point::positions;
use crate::targets::{self, Named};
use crate::theme::{DATA_LINE, INK};
use crate::thin::{MAX_MARKS, thin};

/// The smallest range of the latency axis, as a share of the highest latency.
const MIN_SPREAD: f64 = 0.02;
/// Room for each trained network at the low end of the latency axis, as a share of its range.
const ROOM_ASIDE: f64 = 0.01;

/// Draws accuracy against latency during an adaptation, as an SVG or a PNG. A figure without
/// networks says that there is nothing to show.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if a latency is not from 1e-6 to 1e9 ms, an accuracy is not from 0
/// to 1, or a trained network has no accuracies.
pub fn draw_adaptation(figure: &AdaptationFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let (x, y) = axes(figure);
    let named = figure.target_ms.map(Named::to_microseconds).into_iter().collect();
    let targets = targets::place(named, &x, frame::sides(&y, 0.0));
    let surround = |joints: bool| {
        let around = Surroundings {
            title: &figure.title,
            footnote: &figure.footnote,
            x_name: "latency (ms)",
            y_name: "hold-out top-1 accuracy (%)",
            legend: legend(figure, joints),
            headroom: targets::headroom(&targets),
            side_room: 0.0,
        };
        frame::draw(around, x.clone(), y.clone())
    };
    let (mut frame, mut shapes) = surround(true);
    let marks = trained::place(figure, &frame);
    if !marks.iter().any(Placed::is_aside) {
        (frame, shapes) = surround(false);
    }
    shapes.extend(targets::draw(&targets, &frame));
    shapes.extend(run(figure, &frame));
    shapes.extend(trained::draw(&marks, &frame));
    if figure.proposals.is_empty() && figure.path.is_empty() && figure.trained.is_empty() {
        shapes.extend(frame::notice(&frame, "nothing to show"));
    }
    paint::render(&shapes, format)
}

/// The axes, which include all networks and the target: latency in milliseconds, accuracy in per
/// cent.
fn axes(figure: &AdaptationFigure) -> (Axis, Axis) {
    let points = || figure.proposals.iter().chain(&figure.path);
    let mut latencies_ms: Vec<f64> = points().map(|point| point.latency_ms).collect();
    latencies_ms.extend(figure.trained.iter().map(|mark| mark.latency_ms));
    latencies_ms.extend(figure.target_ms);
    let lowest = latencies_ms.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = latencies_ms.iter().copied().fold(0.0, f64::max);
    if figure.trained.len() > 1 {
        // Most are just under the target, so that some are moved aside.
        let room = ROOM_ASIDE * figure.trained.len() as f64 * (highest - lowest);
        latencies_ms.push((lowest - room).max(0.0));
    }
    let trained = figure.trained.iter().flat_map(|mark| &mark.accuracies);
    let accuracies = points().map(|point| &point.accuracy).chain(trained);
    let percents: Vec<f64> = accuracies.map(|accuracy| 100.0 * accuracy).collect();
    let x = Axis::around(&latencies_ms, (0.0, f64::INFINITY), MIN_SPREAD * highest);
    (x, Axis::around(&percents, (0.0, 100.0), 1.0))
}

/// An entry for each kind of mark or line in the figure.
fn legend(figure: &AdaptationFigure, joints: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    if !figure.proposals.is_empty() {
        entries.push(Entry::dots("proposals", Glyph::LightTrial));
    }
    if !figure.path.is_empty() {
        entries.push(Entry::mark("seed", Glyph::Seed));
    }
    if figure.path.len() > 1 {
        entries.push(Entry::marked_line("network after each iteration", Glyph::Front));
    }
    if figure.target_ms.is_some() {
        entries.push(targets::entry());
    }
    entries.extend(trained::legend(&figure.trained, joints));
    entries
}

/// The proposals, with the path over them.
fn run(figure: &AdaptationFigure, frame: &Frame) -> Vec<Shape> {
    let proposals = thin(&positions(&figure.proposals, frame), MAX_MARKS);
    let mut shapes: Vec<Shape> =
        proposals.into_iter().flat_map(|centre| Glyph::LightTrial.shapes(centre)).collect();
    let path = positions(&figure.path, frame);
    if let [seed, iterations @ ..] = &path[..] {
        shapes.push(Shape::line(path.clone(), DATA_LINE, INK));
        shapes.extend(iterations.iter().flat_map(|&centre| Glyph::Front.shapes(centre)));
        shapes.extend(Glyph::Seed.shapes(*seed));
    }
    shapes
}
