//! What a comparison shows.

use super::quantity::Quantity;
use crate::error::ReportError;

/// What the seeds of a search had reached after some trials, as fractions. A limit is None where it
/// lies beyond any axis: the band then goes to the edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonPoint {
    /// Trials done.
    pub trials: u64,
    /// Lower limit of the band.
    pub low: Option<f64>,
    /// The line.
    pub middle: f64,
    /// Upper limit of the band.
    pub high: Option<f64>,
}

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonLine {
    /// Its name in the legend and at its end.
    pub label: String,
    /// Seeds that the band is of; the legend says how many.
    pub seeds: u64,
    /// By rising trials; each holds up to the next. Empty where nothing was reached.
    pub points: Vec<ComparisonPoint>,
}

/// How several searches went on with their trials.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonFigure {
    /// Two lines at most.
    pub title: String,
    /// Where the numbers come from. Three lines at most.
    pub footnote: String,
    /// What is compared.
    pub quantity: Quantity,
    /// The searches, each drawn over the one after it.
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
                let allowed = "more trials than the point before has, from 1 on";
                let place = format!("trials of {place}");
                return Err(ReportError::NotPlottable { place, found, allowed });
            }
            before = point.trials;
        }
    }
    Ok(())
}
