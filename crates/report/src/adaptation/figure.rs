//! What the figure of an adaptation shows.

use crate::error::ReportError;
use crate::point::{Point, check_accuracy, check_latency, check_point, named};

/// A network that was trained once or more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainedMark {
    /// Its name in the legend; marks of one name look alike, and after 8 names the looks begin
    /// again.
    pub label: String,
    /// Latency in milliseconds, from 1e-6 to 1e9.
    pub latency_ms: f64,
    /// The accuracy of each training run as a fraction, one at least: the mark is at the mean, its
    /// bar from the least to the greatest.
    pub accuracies: Vec<f64>,
}

/// A run that takes a network down to a latency. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdaptationFigure {
    /// Two lines at most.
    pub title: String,
    /// Where the numbers come from. Three lines at most.
    pub footnote: String,
    /// Every proposal of every iteration: light dots.
    pub proposals: Vec<Point>,
    /// The seed, then the network after each iteration, in this order: a dark line.
    pub path: Vec<Point>,
    /// Networks trained at the end. Those that would hide each other stand side by side, on the
    /// same side of the target, each joined to its own latency; the first keep their places.
    pub trained: Vec<TrainedMark>,
    /// Target latency in milliseconds.
    pub target_ms: Option<f64>,
}

pub(super) fn check(figure: &AdaptationFigure) -> Result<(), ReportError> {
    for (place, point) in named("proposals", &figure.proposals).chain(named("path", &figure.path)) {
        check_point(&place, &point)?;
    }
    for (index, mark) in figure.trained.iter().enumerate() {
        check_latency(|| format!("latency of trained[{index}]"), mark.latency_ms)?;
        if mark.accuracies.is_empty() {
            let place = format!("number of accuracies of trained[{index}]");
            return Err(ReportError::NotPlottable { place, found: 0.0, allowed: "1 or more" });
        }
        for (run, &accuracy) in mark.accuracies.iter().enumerate() {
            check_accuracy(|| format!("trained[{index}].accuracies[{run}]"), accuracy)?;
        }
    }
    figure.target_ms.map_or(Ok(()), |target_ms| check_latency(|| "target_ms".into(), target_ms))
}
