//! Networks that no other one beats on both latency and accuracy.

use crate::reward::Target;
use crate::trial::Trial;

/// Indices of the Pareto front of (latency, accuracy), fastest first. Of equal ones the first trial
/// stands for all; trials without a latency are on no front.
pub fn pareto_front(trials: &[Trial]) -> Vec<usize> {
    let placed = |(index, trial): (usize, &Trial)| Some((trial.latency_ms?, index));
    let mut order: Vec<(f64, usize)> = trials.iter().enumerate().filter_map(placed).collect();
    let accuracy = |index: usize| trials[index].estimate.accuracy;
    order.sort_by(|&(x_ms, x), &(y_ms, y)| {
        x_ms.total_cmp(&y_ms).then(accuracy(y).total_cmp(&accuracy(x))).then(x.cmp(&y))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|&(_, index)| {
        let better = accuracy(index) > best;
        best = best.max(accuracy(index));
        better
    });
    order.into_iter().map(|(_, index)| index).collect()
}

/// The best accuracy under the target after each trial, or of all where there is no target; None
/// while nothing is under it.
pub fn best_curve(trials: &[Trial], target: Option<Target>) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let after = |trial: &Trial| {
        if trial.meets(target) {
            best = Some(best.unwrap_or(f64::NEG_INFINITY).max(trial.estimate.accuracy));
        }
        best
    };
    trials.iter().map(after).collect()
}
