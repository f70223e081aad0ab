//! Drawing a Pareto figure.

use super::figure::{ParetoFigure, check, points};
use super::layers;
use crate::axis::{Axis, Scale};
use crate::error::ReportError;
use crate::frame::{self, Surroundings};
use crate::paint::{self, Format};
use crate::targets::{self, Named};

/// Draws accuracy against latency as an SVG or a PNG. If there are very many trials, those that
/// would hide each other are thinned out. A figure without points says that there are no trials.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if a latency is not from 1e-6 to 1e9 ms, or an accuracy is not
/// from 0 to 1.
pub fn draw_pareto(figure: &ParetoFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let (x, y) = axes(figure);
    let x_name = match x.scale {
        Scale::Linear => "latency (ms, linear scale)",
        Scale::Logarithmic => "latency (ms, logarithmic scale)",
    };
    let named = figure.targets_ms.iter().map(|&target_ms| Named::exact(target_ms)).collect();
    let targets = targets::place(named, &x, frame::sides(&y, 0.0));
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name,
        y_name: match figure.y_name.as_str() {
            "" => "accuracy (%)",
            name => name,
        },
        legend: layers::legend(figure),
        headroom: targets::headroom(&targets),
        side_room: 0.0,
    };
    let (frame, mut shapes) = frame::draw(around, x, y);
    shapes.extend(layers::data(figure, &targets, &frame));
    if points(figure).next().is_none() {
        shapes.extend(frame::notice(&frame, "no trials"));
    }
    paint::render(&shapes, format)
}

/// The axes, which include all points and targets: latency in milliseconds, accuracy in per cent.
fn axes(figure: &ParetoFigure) -> (Axis, Axis) {
    let mut latencies_ms: Vec<f64> = points(figure).map(|(_, point)| point.latency_ms).collect();
    latencies_ms.extend(&figure.targets_ms);
    let mut percents: Vec<f64> = points(figure).map(|(_, point)| 100.0 * point.accuracy).collect();
    let lowest = percents.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = percents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest > lowest {
        // Room for labels above the front, where there are no trials.
        percents.push(highest + 0.05 * (highest - lowest));
    }
    (Axis::by_spread(&latencies_ms), Axis::around(&percents, (0.0, 100.0), 1.0))
}
