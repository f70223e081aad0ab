//! Points of latency and accuracy, with their checks and positions.

use crate::error::ReportError;
use crate::frame::Frame;
use crate::geometry::Position;

/// The latency and accuracy of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Latency in milliseconds, from 1e-6 to 1e9.
    pub latency_ms: f64,
    /// Accuracy as a fraction, from 0 to 1.
    pub accuracy: f64,
}

pub(crate) fn check_point(place: &str, point: &Point) -> Result<(), ReportError> {
    check_latency(|| format!("latency of {place}"), point.latency_ms)?;
    check_accuracy(|| format!("accuracy of {place}"), point.accuracy)
}

pub(crate) fn check_latency(place: impl Fn() -> String, found: f64) -> Result<(), ReportError> {
    if (1e-6..=1e9).contains(&found) {
        return Ok(());
    }
    let expected = "milliseconds from 1e-6 to 1e9";
    Err(ReportError::NotPlottable { place: place(), found, expected })
}

/// Fails unless the accuracy is a fraction.
pub(crate) fn check_accuracy(place: impl Fn() -> String, found: f64) -> Result<(), ReportError> {
    if (0.0..=1.0).contains(&found) {
        return Ok(());
    }
    Err(ReportError::NotPlottable { place: place(), found, expected: "a fraction from 0 to 1" })
}

/// The points of the list `name`, each with its place, such as `front[3]`.
pub(crate) fn named<'a>(
    name: &'a str,
    points: &'a [Point],
) -> impl Iterator<Item = (String, Point)> + 'a {
    points.iter().enumerate().map(move |(index, &point)| (format!("{name}[{index}]"), point))
}

/// The position of `point` on axes of milliseconds and per cent.
pub(crate) fn position(point: &Point, frame: &Frame) -> Position {
    frame.position(point.latency_ms, 100.0 * point.accuracy)
}

pub(crate) fn positions(points: &[Point], frame: &Frame) -> Vec<Position> {
    points.iter().map(|point| position(point, frame)).collect()
}
