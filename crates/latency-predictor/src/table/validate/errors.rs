//! How far latencies are from others, in relative errors.

use serde::{Deserialize, Serialize};

/// The errors of latencies, each relative to another one of the same network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// Number of errors.
    pub count: usize,
    /// The geometric mean of the ratios less 1: above 0 if latencies are too high.
    pub bias: f64,
    /// The mean absolute error, as a fraction (MAPE).
    pub mape: f64,
    /// The largest absolute error, as a fraction.
    pub worst: f64,
    /// Number of errors of at most 5 %.
    pub within_5_percent: usize,
    /// Number of errors of at most 10 %.
    pub within_10_percent: usize,
}

impl Errors {
    /// The errors of latencies that are given as ratios to what they should be. `None` if there are
    /// none.
    pub fn of(ratios: &[f64]) -> Option<Self> {
        let count = ratios.len();
        let mean = |sum: f64| sum / count as f64;
        let sizes = ratios.iter().map(|ratio| (ratio - 1.0).abs());
        let within = |share: f64| sizes.clone().filter(|&size| size <= share).count();
        (count > 0).then(|| Self {
            count,
            bias: geometric_mean(ratios) - 1.0,
            mape: mean(sizes.clone().sum()),
            worst: sizes.clone().fold(0.0, f64::max),
            within_5_percent: within(0.05),
            within_10_percent: within(0.1),
        })
    }
}

/// The geometric mean of ratios; NaN without any.
pub(crate) fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
