//! What a progress figure shows.

use crate::error::ReportError;
use crate::point::check_accuracy;

/// A new best: from this trial on, up to the next improvement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Improvement {
    /// Trials done, this one included.
    pub trial: u64,
    /// The best accuracy so far, as a fraction.
    pub accuracy: f64,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The search.
    Solid,
    /// What the search is compared with.
    Dashed,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressLine {
    /// Its name in the legend.
    pub label: String,
    /// How it is drawn.
    pub kind: LineKind,
    /// The improvements, by rising trial. Empty where no trial met the target.
    pub improvements: Vec<Improvement>,
}

/// How the best accuracy under a target grew with the trials.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProgressFigure {
    /// Two lines at most.
    pub title: String,
    /// Where the numbers come from. Three lines at most.
    pub footnote: String,
    /// Trials of every line; the last best of each is drawn on to here.
    pub trials: u64,
    /// The last trial that maximised the reward, where the search then went on for accuracy
    /// under the target.
    pub reward_until: Option<u64>,
    /// The search and what it is compared with, each drawn over the one after it.
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
                    allowed: "a trial after the step before, up to the figure's trials",
                });
            }
            before = improvement.trial;
        }
    }
    Ok(())
}
