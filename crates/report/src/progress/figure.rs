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

/// What a curve stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The search: a thick dark line.
    Search,
    /// What the search is compared with: a thin dashed grey line.
    Baseline,
}

/// One curve of a progress figure.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressLine {
    /// Its name in the legend.
    pub label: String,
    /// Its name at its end, before the last accuracy. It may be empty.
    pub end_label: String,
    /// What the curve stands for.
    pub kind: LineKind,
    /// The number of its group, such as the lines for one target. If there are several groups, the
    /// lines of a group have the same marker, and their searches differ in stroke.
    pub group: usize,
    /// The improvements in order of their trials. Empty if no trial met the target.
    pub improvements: Vec<Improvement>,
}

/// How the background of a phase is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseShade {
    /// White: the search improves what the figure shows.
    Plain,
    /// Grey: the search improves something else.
    Shaded,
}

/// Consecutive trials of a search with one aim, named over a bracket above the plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressPhase {
    /// Its name, cut if it would take more than about a third of the figure's width.
    pub label: String,
    /// Its first trial, counted from 1.
    pub first: u64,
    /// Its last trial.
    pub last: u64,
    /// The background of its trials.
    pub shade: PhaseShade,
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
    /// The phases of the search, in the order of their trials.
    pub phases: Vec<ProgressPhase>,
    /// The search, and what it is compared with. The first curve is drawn on top.
    pub lines: Vec<ProgressLine>,
}

pub(super) fn check(figure: &ProgressFigure) -> Result<(), ReportError> {
    let refused = |place: String, found: u64, expected: &'static str| {
        Err(ReportError::NotPlottable { place, found: found as f64, expected })
    };
    for (index, line) in figure.lines.iter().enumerate() {
        let mut before = 0;
        for (number, improvement) in line.improvements.iter().enumerate() {
            let place = format!("lines[{index}].improvements[{number}]");
            check_accuracy(|| format!("accuracy of {place}"), improvement.accuracy)?;
            if improvement.trial <= before || improvement.trial > figure.trials {
                let expected = "a trial after the improvement before, up to the figure's trials";
                return refused(format!("trial of {place}"), improvement.trial, expected);
            }
            before = improvement.trial;
        }
    }
    let mut before = 0;
    for (index, phase) in figure.phases.iter().enumerate() {
        if phase.first <= before {
            let expected = "a trial after the phase before, from 1 on";
            return refused(format!("first of phases[{index}]"), phase.first, expected);
        }
        if phase.last < phase.first || phase.last > figure.trials {
            let expected = "a trial from the first of the phase on, up to the figure's trials";
            return refused(format!("last of phases[{index}]"), phase.last, expected);
        }
        before = phase.last;
    }
    Ok(())
}
