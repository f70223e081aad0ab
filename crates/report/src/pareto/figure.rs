//! What a Pareto figure shows.

use crate::error::ReportError;
use crate::point::{Point, check_latency, check_point, named};

/// A labelled network.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it is.
    pub point: Point,
    /// The text beside it, cut where it would take a third of the figure's width.
    pub label: String,
    /// What it is.
    pub kind: MarkKind,
}

/// What a labelled network is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The network of highest accuracy that meets a target: a star.
    Best,
    /// The network of highest reward: a black diamond.
    BestByReward,
    /// A network that the search did not find: a hollow square.
    Reference,
}

/// A network that the search measured, after its latency had been predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasuredPoint {
    /// Predicted latency in milliseconds: an upright tick.
    pub predicted_ms: f64,
    /// Measured latency in milliseconds: a hollow circle, joined to the tick.
    pub measured_ms: f64,
    /// Accuracy as a fraction.
    pub accuracy: f64,
}

/// A search in the plane of latency and accuracy. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParetoFigure {
    /// Two lines at most.
    pub title: String,
    /// Where the numbers come from: accuracy source, latency source, device. Three lines at most.
    pub footnote: String,
    /// Trials of the half that maximises the reward.
    pub reward_trials: Vec<Point>,
    /// Trials of the half that searches for accuracy under the targets.
    pub constrained_trials: Vec<Point>,
    /// Points of the Pareto front, in any order, drawn as the highest accuracy within a latency.
    pub front: Vec<Point>,
    /// Target latencies in milliseconds.
    pub targets_ms: Vec<f64>,
    /// Winners and reference networks. Labels earlier in the list get the better places.
    pub marks: Vec<Mark>,
    /// Networks that were measured.
    pub measured: Vec<MeasuredPoint>,
}

pub(super) fn check(figure: &ParetoFigure) -> Result<(), ReportError> {
    for (place, point) in points(figure) {
        check_point(&place, &point)?;
    }
    for (index, &target_ms) in figure.targets_ms.iter().enumerate() {
        check_latency(|| format!("targets_ms[{index}]"), target_ms)?;
    }
    Ok(())
}

/// Every point of the figure, with its place in it.
pub(super) fn points(figure: &ParetoFigure) -> impl Iterator<Item = (String, Point)> {
    let marks = figure.marks.iter().enumerate();
    let measured = figure.measured.iter().enumerate();
    named("reward_trials", &figure.reward_trials)
        .chain(named("constrained_trials", &figure.constrained_trials))
        .chain(named("front", &figure.front))
        .chain(marks.map(|(index, mark)| (format!("marks[{index}].point"), mark.point)))
        .chain(measured.flat_map(|(index, point)| {
            let &MeasuredPoint { predicted_ms, measured_ms, accuracy } = point;
            [("predicted_ms", predicted_ms), ("measured_ms", measured_ms)].map(
                |(name, latency_ms)| {
                    (format!("measured[{index}].{name}"), Point { latency_ms, accuracy })
                },
            )
        }))
}
