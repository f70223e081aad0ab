//! The data of a progress figure.

use crate::error::ReportError;
use crate::point::check_accuracy;

/// A trial that raised the best accuracy, which then holds up to the next improvement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Improvement {
    /// The number of the trial, counted from 1.
    pub trial: u64,
    /// The best accuracy from this trial on, as a fraction from 0 to 1.
    pub accuracy: f64,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A solid line: the search.
    Solid,
    /// A dashed line: what the search is compared with.
    Dashed,
}

/// One curve of a progress figure.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressLine {
    /// Its name in the legend.
    pub label: String,
    /// How the curve is drawn.
    pub kind: LineKind,
    /// The improvements in order of their trials. Empty if no trial met the target.
    pub improvements: Vec<Improvement>,
}

/// Consecutive trials with one objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressPhase {
    /// What the trials search for, left out where there is no room for it.
    pub label: String,
    /// The number of its last trial, counted from 1.
    pub until: u64,
}

/// The best accuracy under a target against the number of trials.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProgressFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// Where the data comes from, cut after three lines.
    pub footnote: String,
    /// The number of trials. Every curve is drawn up to here.
    pub trials: u64,
    /// The phases of the search in their order. With fewer than two, none is marked.
    pub phases: Vec<ProgressPhase>,
    /// The search, and what it is compared with. The first curve is drawn on top.
    pub lines: Vec<ProgressLine>,
}

pub(super) fn check(figure: &ProgressFigure) -> Result<(), ReportError> {
    for (index, line) in figure.lines.iter().enumerate() {
        let mut before = 0;
        for (number, improvement) in line.improvements.iter().enumerate() {
            let place = format!("lines[{index}].improvements[{number}]");
            check_accuracy(|| format!("accuracy of {place}"), improvement.accuracy)?;
            if improvement.trial <= before || improvement.trial > figure.trials {
                return Err(ReportError::NotPlottable {
                    place: format!("trial of {place}"),
                    found: improvement.trial as f64,
                    expected: "a trial after the improvement before, up to the figure's trials",
                });
            }
            before = improvement.trial;
        }
    }
    Ok(())
}
