//! The data of a Pareto figure.

use crate::error::ReportError;
use crate::point::{Point, check_latency, check_point, named};

/// A network with a mark and a label of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its latency and accuracy.
    pub point: Point,
    /// The text beside the mark. It is cut if it would take more than about a third of the figure's
    /// width.
    pub label: String,
    /// What the network is to the search, which decides the mark's shape.
    pub kind: MarkKind,
}

/// What a labelled network is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The most accurate network that meets a target: a star.
    Best,
    /// The network with the highest reward: a black diamond.
    BestByReward,
    /// A network to compare with, such as a published one: a hollow square.
    Reference,
}

/// A network whose latency was predicted, and then measured on the device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasuredPoint {
    /// Predicted latency in milliseconds: an upright tick.
    pub predicted_ms: f64,
    /// Measured latency in milliseconds: a hollow circle, joined to the tick.
    pub measured_ms: f64,
    /// Accuracy as a fraction, from 0 to 1.
    pub accuracy: f64,
}

/// Trials with a mark of their own, such as those of one phase of a search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrialGroup {
    /// Its text in the legend.
    pub label: String,
    /// The trials.
    pub points: Vec<Point>,
}

/// A search in the plane of latency and accuracy. Every part may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParetoFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// The sources of the accuracies and latencies, and the device. Cut after three lines.
    pub footnote: String,
    /// The name of the axis of accuracies with its unit; `accuracy (%)` if it is empty.
    pub y_name: String,
    /// The trials: light discs, darker triangles and dark diamonds, which repeat from the fourth
    /// group on. The last group is drawn on top.
    pub trials: Vec<TrialGroup>,
    /// The points of the Pareto front, in any order. They are joined by a step line, the highest
    /// accuracy within each latency.
    pub front: Vec<Point>,
    /// Target latencies in milliseconds.
    pub targets_ms: Vec<f64>,
    /// Winners and reference networks. Labels are placed in the order of the list, so that the
    /// first have the most room.
    pub marks: Vec<Mark>,
    /// Networks that were measured, each as a line from its predicted to its measured latency.
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
    let trials = figure.trials.iter().enumerate().flat_map(|(index, group)| {
        let place = move |(number, &point): (usize, &Point)| {
            (format!("trials[{index}].points[{number}]"), point)
        };
        group.points.iter().enumerate().map(place)
    });
    trials
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
