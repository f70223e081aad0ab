//! The Pareto front: networks that no other network beats in both latency and accuracy.

use crate::search::trial::Trial;

/// The indices of the trials on the Pareto front of latency and accuracy, fastest first. Of equal
/// trials only the first is included, and trials without a latency are not.
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
