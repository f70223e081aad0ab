//! The data of a comparison figure.

use super::quantity::Quantity;
use crate::error::ReportError;

/// What the seeds of a search have reached after a number of trials. All values are fractions. A
/// limit of `None` is beyond any axis, so that the band goes to the edge of the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonPoint {
    /// The number of trials so far.
    pub trials: u64,
    /// The lower limit of the band: the 25th percentile over the seeds.
    pub low: Option<f64>,
    /// The value of the line: the median over the seeds.
    pub middle: f64,
    /// The upper limit of the band: the 75th percentile over the seeds.
    pub high: Option<f64>,
}

/// A search, run with one or more seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonLine {
    /// Its name in the legend and at the end of the line.
    pub label: String,
    /// The number of seeds, which the legend tells.
    pub seeds: u64,
    /// The points in order of their trials. Each value holds up to the next point. Empty if no
    /// trial met the target.
    pub points: Vec<ComparisonPoint>,
}

/// The progress of several searches with the number of trials.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// Where the data comes from, cut after three lines.
    pub footnote: String,
    /// The quantity that is compared.
    pub quantity: Quantity,
    /// The searches. The first is drawn on top.
    pub lines: Vec<ComparisonLine>,
}

pub(super) fn check(figure: &ComparisonFigure) -> Result<(), ReportError> {
    for (index, line) in figure.lines.iter().enumerate() {
        let mut before = 0;
        for (number, point) in line.points.iter().enumerate() {
            let place = format!("lines[{index}].points[{number}]");
            for value in [point.low, Some(point.middle), point.high].into_iter().flatten() {
                figure.quantity.check(&place, value)?;
            }
            if point.trials <= before {
                let found = point.trials as f64;
                let expected = "more trials than the point before has, from 1 on";
                let place = format!("trials of {place}");
                return Err(ReportError::NotPlottable { place, found, expected });
            }
            before = point.trials;
        }
    }
    Ok(())
}
