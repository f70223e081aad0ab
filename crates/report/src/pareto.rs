//! Accuracy against latency: trials, Pareto front, targets, winners, reference networks.

mod layers;

use crate::axis::{Axis, Scale};
use crate::error::ReportError;
use crate::frame::{self, Frame, Surroundings};
use crate::geometry::Position;
use crate::paint::{self, Format};
use crate::targets;

/// A network's latency and accuracy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Latency in milliseconds, from 1e-6 to 1e9.
    pub latency_ms: f64,
    /// Accuracy as a fraction.
    pub accuracy: f64,
}

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
pub struct Candidate {
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
    pub candidates: Vec<Candidate>,
}

/// Draws `figure`. Thousands of trials become at most a few thousand marks, spread as they are.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] for a latency outside 1e-6 to 1e9 ms or an accuracy outside
/// 0 to 1.
pub fn draw_pareto(figure: &ParetoFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let (x, y) = axes(figure);
    let x_name = match x.scale {
        Scale::Linear => "latency (ms, linear scale)",
        Scale::Logarithmic => "latency (ms, logarithmic scale)",
    };
    let targets = targets::place(&figure.targets_ms, &x, frame::sides(&y, 0.0));
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name,
        y_name: "accuracy (%)",
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

fn check(figure: &ParetoFigure) -> Result<(), ReportError> {
    for (place, point) in points(figure) {
        check_point(&place, &point)?;
    }
    for (index, &target_ms) in figure.targets_ms.iter().enumerate() {
        check_latency(|| format!("targets_ms[{index}]"), target_ms)?;
    }
    Ok(())
}

pub(crate) fn check_point(place: &str, point: &Point) -> Result<(), ReportError> {
    check_latency(|| format!("latency of {place}"), point.latency_ms)?;
    check_accuracy(|| format!("accuracy of {place}"), point.accuracy)
}

pub(crate) fn check_latency(place: impl Fn() -> String, found: f64) -> Result<(), ReportError> {
    if (1e-6..=1e9).contains(&found) {
        return Ok(());
    }
    let allowed = "milliseconds from 1e-6 to 1e9";
    Err(ReportError::NotPlottable { place: place(), found, allowed })
}

/// An accuracy must be a fraction.
pub(crate) fn check_accuracy(place: impl Fn() -> String, found: f64) -> Result<(), ReportError> {
    if (0.0..=1.0).contains(&found) {
        return Ok(());
    }
    Err(ReportError::NotPlottable { place: place(), found, allowed: "a fraction from 0 to 1" })
}

/// Axes around all points and targets: latency in milliseconds, accuracy in per cent.
fn axes(figure: &ParetoFigure) -> (Axis, Axis) {
    let mut latencies_ms: Vec<f64> = points(figure).map(|(_, point)| point.latency_ms).collect();
    latencies_ms.extend(&figure.targets_ms);
    let mut percents: Vec<f64> = points(figure).map(|(_, point)| 100.0 * point.accuracy).collect();
    let lowest = percents.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = percents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest > lowest {
        // Labels go above the front, where no trial is.
        percents.push(highest + 0.05 * (highest - lowest));
    }
    (Axis::by_spread(&latencies_ms), Axis::around(&percents, (0.0, 100.0), 1.0))
}

/// Every point of the figure, with its place in it.
fn points(figure: &ParetoFigure) -> impl Iterator<Item = (String, Point)> {
    let marks = figure.marks.iter().enumerate();
    let candidates = figure.candidates.iter().enumerate();
    named("reward_trials", &figure.reward_trials)
        .chain(named("constrained_trials", &figure.constrained_trials))
        .chain(named("front", &figure.front))
        .chain(marks.map(|(index, mark)| (format!("marks[{index}].point"), mark.point)))
        .chain(candidates.flat_map(|(index, candidate)| {
            let &Candidate { predicted_ms, measured_ms, accuracy } = candidate;
            [("predicted_ms", predicted_ms), ("measured_ms", measured_ms)].map(
                |(name, latency_ms)| {
                    (format!("candidates[{index}].{name}"), Point { latency_ms, accuracy })
                },
            )
        }))
}

/// The points of the list `name`, each with its place in it.
pub(crate) fn named<'a>(
    name: &'a str,
    points: &'a [Point],
) -> impl Iterator<Item = (String, Point)> + 'a {
    points.iter().enumerate().map(move |(index, &point)| (format!("{name}[{index}]"), point))
}

/// Where `point` is on axes of milliseconds and per cent.
pub(crate) fn position(point: &Point, frame: &Frame) -> Position {
    frame.position(point.latency_ms, 100.0 * point.accuracy)
}

pub(crate) fn positions(points: &[Point], frame: &Frame) -> Vec<Position> {
    points.iter().map(|point| position(point, frame)).collect()
}
