//! Drawing a validation figure.

use super::figure::{ValidatedNetwork, ValidationFigure, check};
use crate::axis::Axis;
use crate::canvas::{Shape, Stroke};
use crate::error::ReportError;
use crate::frame::{self, Frame, Page, StackedPlot};
use crate::geometry::Position;
use crate::legend::{Entry, LINE_SAMPLE};
use crate::marks::Glyph;
use crate::paint::{self, Format};
use crate::theme::{AXIS_LINE, INK, LEADER, SHADE, SOFT_INK};

/// The half width of the band, as a share of the measured latency.
const BAND: f64 = 0.05;
/// The smallest range of errors that is shown, in per cent: somewhat more than the band.
const ERRORS: f64 = 6.0;
/// Room at each end of the axes of latencies, as a ratio.
const ROOM: f64 = 1.08;
/// The share of the height that the plot of latencies takes.
const UPPER: f64 = 0.64;
/// Larger numbers of networks have smaller marks.
const MANY: usize = 80;

/// Draws predicted against measured latencies with the diagonal, and the errors of the predictions
/// below, as an SVG or a PNG. Both plots have a band of 5 % on both sides. A line through a mark
/// goes from the shortest to the longest measurement: across in the upper plot, upright in the lower one. A figure without networks says so.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if a latency is not from 1e-6 to 1e9 ms.
pub fn draw_validation(figure: &ValidationFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let (latencies, errors) = axes(&figure.networks);
    let glyph = if figure.networks.len() > MANY { Glyph::Front } else { Glyph::Measured };
    let page = Page { title: &figure.title, footnote: &figure.footnote, legend: legend(glyph) };
    let plots = vec![
        StackedPlot { y: latencies.clone(), y_name: "predicted (ms)", share: UPPER },
        StackedPlot { y: errors, y_name: "error (%)", share: 1.0 - UPPER },
    ];
    let x_name = "measured latency (ms, logarithmic scale)";
    let (frames, mut shapes) = frame::draw_stacked(page, x_name, &latencies, plots);
    let [upper, lower] = &frames[..] else { return paint::render(&shapes, format) };
    if figure.networks.is_empty() {
        shapes.extend(frame::notice(upper, "no networks"));
        return paint::render(&shapes, format);
    }
    shapes.extend(diagonal(upper));
    shapes.extend(zero(lower));
    for network in &figure.networks {
        let predicted = |measured_ms: f64| upper.position(measured_ms, network.predicted_ms);
        let error = |measured_ms: f64| {
            let percent = 100.0 * (network.predicted_ms / measured_ms - 1.0);
            lower.position(network.measured_ms, percent)
        };
        if let Some([low, high]) = network.range_ms {
            for ends in [[predicted(low), predicted(high)], [error(low), error(high)]] {
                shapes.push(Shape::line(ends.to_vec(), AXIS_LINE, SOFT_INK));
            }
        }
        for centre in [predicted(network.measured_ms), error(network.measured_ms)] {
            shapes.extend(glyph.shapes(centre));
        }
    }
    paint::render(&shapes, format)
}

/// The axis of all latencies, and that of the errors in per cent.
fn axes(networks: &[ValidatedNetwork]) -> (Axis, Axis) {
    let measured = |network: &ValidatedNetwork| {
        let [low, high] = network.range_ms.unwrap_or([network.measured_ms; 2]);
        [low, network.measured_ms, high]
    };
    let latencies = networks
        .iter()
        .flat_map(|network| measured(network).into_iter().chain([network.predicted_ms]));
    let low = latencies.clone().fold(f64::INFINITY, f64::min);
    let high = latencies.fold(0.0, f64::max);
    if networks.is_empty() {
        return (Axis::without_values(), Axis::without_values());
    }
    let errors = networks.iter().flat_map(|network| {
        measured(network).map(|measured_ms| 100.0 * (network.predicted_ms / measured_ms - 1.0))
    });
    let errors: Vec<f64> = errors.chain([-ERRORS, ERRORS]).collect();
    let errors = Axis::around(&errors, (f64::NEG_INFINITY, f64::INFINITY), 1.0);
    (Axis::logarithmic(low / ROOM, high * ROOM), errors)
}

/// The diagonal, on which predictions are right, with its band.
fn diagonal(frame: &Frame) -> Vec<Shape> {
    let (low, high) = (frame.x.low, frame.x.high);
    let at = |measured_ms: f64, predicted_ms: f64| frame.position(measured_ms, predicted_ms);
    let (above, below) = (1.0 + BAND, 1.0 - BAND);
    let upper = vec![at(low, above * low), at(high / above, high)];
    let lower = vec![at(low / below, low), at(high, below * high)];
    let corners = [at(low, low)].into_iter().chain(upper.clone()).chain([at(high, high)]);
    let corners = corners.chain(lower.iter().rev().copied()).collect();
    vec![
        Shape::Polygon { corners, ink: SHADE },
        limit(upper),
        limit(lower),
        Shape::line(vec![at(low, low), at(high, high)], AXIS_LINE, INK),
    ]
}

/// The line without an error, with its band.
fn zero(frame: &Frame) -> Vec<Shape> {
    let across = |percent: f64| {
        vec![frame.position(frame.x.low, percent), frame.position(frame.x.high, percent)]
    };
    let (upper, lower) = (across(100.0 * BAND), across(-100.0 * BAND));
    let corners = upper.iter().copied().chain(lower.iter().rev().copied()).collect();
    vec![
        Shape::Polygon { corners, ink: SHADE },
        limit(upper),
        limit(lower),
        Shape::line(across(0.0), AXIS_LINE, INK),
    ]
}

/// An edge of a band.
fn limit(points: Vec<Position>) -> Shape {
    Shape::Line { points, width: AXIS_LINE, stroke: Stroke::Dashed, ink: LEADER }
}

fn legend(glyph: Glyph) -> Vec<Entry> {
    let half = LINE_SAMPLE / 2.0;
    let across = || vec![(-half, 0.0), (half, 0.0)];
    let mut network = vec![Shape::line(across(), AXIS_LINE, SOFT_INK)];
    network.extend(glyph.shapes((0.0, 0.0)));
    let entry = |label: &str, sample: Vec<Shape>| Entry {
        label: label.to_owned(),
        sample,
        sample_width: LINE_SAMPLE,
    };
    vec![
        entry("network, range of measurements", network),
        entry("predicted = measured", vec![Shape::line(across(), AXIS_LINE, INK)]),
        entry("5 % off", vec![limit(across())]),
    ]
}
