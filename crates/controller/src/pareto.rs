//! Networks that no other one beats on both latency and accuracy.

use crate::trial::Trial;

/// Indices of the Pareto front of (latency, accuracy), fastest first. Of equal ones the first trial
/// stands for all.
pub fn pareto_front(trials: &[Trial]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by(|&a, &b| {
        let (x, y) = (&trials[a], &trials[b]);
        let by_latency = x.latency_ms.total_cmp(&y.latency_ms);
        by_latency.then(y.estimate.accuracy.total_cmp(&x.estimate.accuracy)).then(a.cmp(&b))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|&index| {
        let accuracy = trials[index].estimate.accuracy;
        let better = accuracy > best;
        best = best.max(accuracy);
        better
    });
    order
}

/// The best accuracy under `target_ms` after each trial; None while nothing is under it.
pub fn best_curve(trials: &[Trial], target_ms: f64) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let after = |trial: &Trial| {
        if trial.latency_ms <= target_ms {
            best = Some(best.unwrap_or(f64::NEG_INFINITY).max(trial.estimate.accuracy));
        }
        best
    };
    trials.iter().map(after).collect()
}
