//! The data of an adaptation figure.

use crate::error::ReportError;
use crate::point::{Point, check_accuracy, check_latency, check_point, named};

/// A network that was trained one or more times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainedMark {
    /// Its name in the legend. Marks with the same name have the same shape; there are 8 shapes,
    /// which are repeated if there are more names.
    pub label: String,
    /// Latency in milliseconds, from 1e-6 to 1e9.
    pub latency_ms: f64,
    /// The accuracy of each training run as a fraction; there must be at least one. The mark is at
    /// the mean, and its error bar goes from the lowest to the highest accuracy.
    pub accuracies: Vec<f64>,
}

/// A NetAdapt run, which narrows a network until it meets a target latency. Every part may be
/// empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdaptationFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// Where the data comes from, cut after three lines.
    pub footnote: String,
    /// All proposals of all iterations: light dots.
    pub proposals: Vec<Point>,
    /// The seed, followed by the network after each iteration: a dark line.
    pub path: Vec<Point>,
    /// The networks that were trained at the end. Marks that would cover each other are moved aside,
    /// across the target only if there is no other room, and joined to their latency by a line. The
    /// first in the list stay in place.
    pub trained: Vec<TrainedMark>,
    /// The target latency in milliseconds, which its line names to the microsecond.
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
            return Err(ReportError::NotPlottable { place, found: 0.0, expected: "1 or more" });
        }
        for (run, &accuracy) in mark.accuracies.iter().enumerate() {
            check_accuracy(|| format!("trained[{index}].accuracies[{run}]"), accuracy)?;
        }
    }
    figure.target_ms.map_or(Ok(()), |target_ms| check_latency(|| "target_ms".into(), target_ms))
}
