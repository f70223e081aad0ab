//! The exponent of the soft reward at which a target would be optimal.

use crate::search::pareto::pareto_front;
use crate::search::reward::Target;
use crate::search::trial::Trial;
use serde::Serialize;

/// Where the optimum of ACC x LAT^w passes a target as w grows towards 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Elasticity {
    /// The exponent: the negative of the front's elasticity at the target, d ln ACC / d ln LAT.
    pub w: f64,
    /// The latency of the optimum for any w slightly below the exponent, in milliseconds.
    pub faster_ms: f64,
    /// The latency of the optimum for any w slightly above the exponent, in milliseconds.
    pub slower_ms: f64,
}

/// The exponent at which the target would be optimal, according to the front of the trials. `None`
/// if the front does not reach from below the target to above it.
///
/// Only points on the upper hull of the front in (ln LAT, ln ACC) can be optimal for an exponent.
/// At w = -slope the optimum jumps over the edge of the hull that spans the target. No exponent is
/// optimal at a latency within an edge.
pub fn elasticity(trials: &[Trial], target: Target) -> Option<Elasticity> {
    let logarithms = |index: usize| {
        let trial = &trials[index];
        let (ms, accuracy) = (trial.latency_ms?, trial.estimate.accuracy);
        (ms > 0.0 && accuracy > 0.0).then(|| (ms.ln(), accuracy.ln()))
    };
    let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for point in pareto_front(trials).into_iter().filter_map(logarithms) {
        while let [.., before, last] = hull[..]
            && slope(before, last) <= slope(last, point)
        {
            hull.pop();
        }
        hull.push(point);
    }
    let target = target.ms().ln();
    let edge = hull.windows(2).find(|edge| edge[0].0 <= target && target < edge[1].0)?;
    let (faster_ms, slower_ms) = (edge[0].0.exp(), edge[1].0.exp());
    Some(Elasticity { w: -slope(edge[0], edge[1]), faster_ms, slower_ms })
}
