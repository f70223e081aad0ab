//! Curves over the number of trials for each group of studies.

use controller::search::{Quartiles, best_accuracies, hypervolumes, quartiles, trial_counts};
use controller::study::ComparableStudy;
use report::Quantity;

use super::groups::{Group, TargetMs};

/// A quantity of a group for a target; accuracies and regrets are fractions.
pub(super) struct Curve {
    /// Index of the group.
    pub(super) group: usize,
    pub(super) target: TargetMs,
    pub(super) quantity: Quantity,
    /// In the order of the number of trials.
    pub(super) quartiles: Vec<Quartiles>,
    /// After the number of trials that all seeds of the group have.
    pub(super) last: Quartiles,
}

/// The curves of a group for a target, of all quantities that are known.
pub(super) fn of(index: usize, group: &Group, target: TargetMs) -> Vec<Curve> {
    let lengths: Vec<usize> = group.studies.iter().map(|study| study.points.len()).collect();
    let counts = trial_counts(&lengths);
    let shortest = lengths.iter().copied().min().unwrap_or(0);
    let curve = |quantity: Quantity, values: &dyn Fn(&ComparableStudy) -> Vec<Option<f64>>| {
        let values: Vec<Vec<Option<f64>>> = group.studies.iter().map(values).collect();
        let last = quartiles(&values, &[shortest]).pop()?;
        Some(Curve { group: index, target, quantity, quartiles: quartiles(&values, &counts), last })
    };
    let accuracy = |study: &ComparableStudy| best_accuracies(study.points.iter().copied(), target);
    let mut curves: Vec<Curve> = curve(Quantity::Accuracy, &accuracy).into_iter().collect();
    if let Some(target_ms) = target {
        let hypervolume = |study: &ComparableStudy| hypervolumes(&study.points, target_ms);
        curves.extend(curve(Quantity::Hypervolume, &hypervolume));
    }
    if let (Some(optimum), Some(best)) =
        (group.studies[0].manifest.optimum_for(target), curves.first())
    {
        let quartiles = best.quartiles.iter().map(|quartiles| quartiles.regret(optimum)).collect();
        let last = best.last.regret(optimum);
        curves.push(Curve { quantity: Quantity::Regret, quartiles, last, ..*best });
    }
    curves
}
