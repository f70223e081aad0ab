//! What the studies of a group had reached after each number of trials.

use super::comparable::{ComparableStudy, StudyGroup};
use crate::search::{Quartiles, best_accuracies, hypervolumes, quartiles, trial_counts};

/// The quartiles of a quantity over the seeds of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct QuartileCurve {
    /// The quartiles at the numbers of trials of [`trial_counts`], in their order.
    pub points: Vec<Quartiles>,
    /// The quartiles at the number of trials that all seeds have.
    pub common: Quartiles,
}

/// What the studies of a group had reached for a target. Accuracies and regrets are fractions.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupProgress {
    /// The best accuracy under the target, or of all trials without one.
    pub accuracy: QuartileCurve,
    /// The hypervolume with the target as reference, as a share from 0 to 1; `None` without a target.
    pub hypervolume: Option<QuartileCurve>,
    /// The optimum minus the best accuracy; `None` if the optimum is unknown.
    pub regret: Option<QuartileCurve>,
}

impl StudyGroup {
    /// What the studies had reached for a target in milliseconds, or for accuracy alone. `None` if a
    /// study has no trials.
    pub fn progress(&self, target_ms: Option<f64>) -> Option<GroupProgress> {
        let accuracy =
            |study: &ComparableStudy| best_accuracies(study.points.iter().copied(), target_ms);
        let accuracy = self.curve(&accuracy)?;
        let hypervolume = target_ms.and_then(|target_ms| {
            self.curve(&|study: &ComparableStudy| hypervolumes(&study.points, target_ms))
        });
        let optimum = self.studies[0].manifest.optimum_for(target_ms);
        let regret = optimum.map(|optimum| QuartileCurve {
            points: accuracy.points.iter().map(|quartiles| quartiles.regret(optimum)).collect(),
            common: accuracy.common.regret(optimum),
        });
        Some(GroupProgress { accuracy, hypervolume, regret })
    }

    /// The curve of a quantity that a study has after each of its trials.
    fn curve(
        &self,
        values: &dyn Fn(&ComparableStudy) -> Vec<Option<f64>>,
    ) -> Option<QuartileCurve> {
        let values: Vec<Vec<Option<f64>>> = self.studies.iter().map(values).collect();
        let lengths: Vec<usize> = values.iter().map(Vec::len).collect();
        let shortest = lengths.iter().copied().min()?;
        let common = quartiles(&values, &[shortest]).pop()?;
        Some(QuartileCurve { points: quartiles(&values, &trial_counts(&lengths)), common })
    }
}
