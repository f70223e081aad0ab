//! Expected improvement (Jones et al. 1998, "Efficient Global Optimization of Expensive Black-Box
//! Functions"): by how much a candidate raises the best score on average, where candidates that turn
//! out worse raise it by nothing.

use std::cmp::Ordering;

use search_space::Genotype;

use super::process::{Posterior, Predicted};
use crate::accuracy::Estimate;
use crate::gaussian_process::Scale;
use crate::search::trial::{Phase, Trial};
use crate::statistics::normal_cdf;

/// The score of a candidate as a function of its accuracy, which is affine and increasing: the score
/// at accuracy 0, and the slope.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoreLine {
    at_zero: f64,
    slope: f64,
}

impl ScoreLine {
    /// The line of a score at a latency in milliseconds.
    pub(super) fn new(score: &dyn Fn(&Trial) -> f64, latency_ms: Option<f64>) -> Self {
        let at = |accuracy: f64| {
            score(&Trial {
                genotype: Genotype(Vec::new()),
                latency_ms,
                estimate: Estimate { accuracy, standard_error: 0.0 },
                reward: accuracy,
                phase: Phase::Reward,
            })
        };
        let at_zero = at(0.0);
        Self { at_zero, slope: at(1.0) - at_zero }
    }

    fn at(self, accuracy: f64) -> f64 {
        self.at_zero + self.slope * accuracy
    }
}

/// How promising a candidate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Promise {
    improvement: f64,
    /// How many standard deviations the prediction is above the best score. It orders candidates
    /// whose expected improvement is too small for a number.
    standardised: f64,
}

impl Promise {
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let by_improvement = self.improvement.total_cmp(&other.improvement);
        by_improvement.then(self.standardised.total_cmp(&other.standardised))
    }
}

/// The best score so far; `None` if no trial counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incumbent(pub(super) Option<f64>);

impl Incumbent {
    /// The promise of a candidate.
    pub(super) fn promise(self, scale: &Scale, line: ScoreLine, predicted: Predicted) -> Promise {
        let threshold = self.0.map_or(0.0, |best| (best - line.at_zero) / line.slope);
        let (log_mean, log_deviation) = scale.log_shortfall(predicted.mean, predicted.deviation);
        let (room, none) = (scale.ceiling() - threshold, f64::NEG_INFINITY);
        if !(room > 0.0 && line.slope > 0.0) {
            return Promise { improvement: 0.0, standardised: none };
        }
        let standardised = (room.ln() - log_mean) / log_deviation;
        let improvement = mean_shortfall_below(room, log_mean, log_deviation);
        Promise { improvement: line.slope * improvement, standardised }
    }
}

/// The mean of max(room - shortfall, 0), where ln(shortfall) is normal: the formula of Black and
/// Scholes (1973) for a put option.
fn mean_shortfall_below(room: f64, log_mean: f64, log_deviation: f64) -> f64 {
    let within = (room.ln() - log_mean) / log_deviation;
    let mean = (log_mean + 0.5 * log_deviation * log_deviation).exp();
    (room * normal_cdf(within) - mean * normal_cdf(within - log_deviation)).max(0.0)
}

/// Chooses up to `count` candidates one after the other. Each is taken for evaluated, with the
/// accuracy that is predicted for it, before the next is chosen.
pub(super) fn choose(
    mut posterior: Posterior<'_>,
    lines: &[ScoreLine],
    scale: &Scale,
    incumbent: Incumbent,
    count: usize,
) -> Vec<usize> {
    let mut incumbent = incumbent;
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    while chosen.len() < count {
        let promise =
            |&index: &usize| incumbent.promise(scale, lines[index], posterior.predicted(index));
        let left = (0..lines.len()).filter(|index| !chosen.contains(index));
        let ranked = left.map(|index| (promise(&index), index));
        let best = ranked.max_by(|a, b| a.0.order(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, best)) = best else { break };
        let (accuracy, _) = scale.accuracy(posterior.predicted(best).mean, 0.0);
        let believed = lines[best].at(accuracy);
        incumbent = Incumbent(Some(incumbent.0.map_or(believed, |score| score.max(believed))));
        posterior.believe(best);
        chosen.push(best);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference is the trapezoidal rule over the standardised accuracy.
    #[test]
    fn expected_improvement_is_the_integral() {
        let scale = Scale::of(&[0.5, 0.6, 0.7, 0.72]).unwrap();
        let line = ScoreLine { at_zero: -0.1, slope: 1.5 };
        for best in [0.7, 0.9, 1.0] {
            for (mean, deviation) in [(0.0, 1.0), (1.2, 0.3), (-1.0, 0.5), (1.5, 0.02)] {
                let score = |z: f64| {
                    let (accuracy, _) = scale.accuracy(mean + deviation * z, 0.0);
                    (line.at(accuracy) - best).max(0.0) * (-0.5 * z * z).exp()
                };
                let step = 1e-4;
                let sum: f64 = (-80_000..=80_000).map(|i| score(f64::from(i) * step)).sum();
                let integral = sum * step / std::f64::consts::TAU.sqrt();
                let predicted = Predicted { mean, deviation };
                let found = Incumbent(Some(best)).promise(&scale, line, predicted);
                assert!((found.improvement - integral).abs() < 1e-8, "{found:?}: {integral}");
            }
        }
    }
}
