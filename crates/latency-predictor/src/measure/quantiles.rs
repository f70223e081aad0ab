//! Quantiles of latencies.

use serde::{Deserialize, Serialize};

/// Quantiles of latencies. Where a single latency is given, it is the p50.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// 10th percentile: a tenth of the runs were faster.
    pub p10_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// 90th percentile: a tenth of the runs were slower.
    pub p90_ms: f64,
}

impl Quantiles {
    /// Quantiles of the given latencies, which are sorted in place. `None` if there are none.
    pub fn of(latencies_ms: &mut [f64]) -> Option<Self> {
        latencies_ms.sort_unstable_by(f64::total_cmp);
        let at = |q| sorted_quantile(latencies_ms, q).map(whole_ns);
        Some(Self { p10_ms: at(0.1)?, p50_ms: at(0.5)?, p90_ms: at(0.9)? })
    }

    /// The median of each quantile over `all`. `None` if `all` is empty.
    pub fn medians(all: &[Self]) -> Option<Self> {
        let of = |field: fn(&Self) -> f64| {
            median(&mut all.iter().map(field).collect::<Vec<_>>()).map(whole_ns)
        };
        Some(Self {
            p10_ms: of(|q| q.p10_ms)?,
            p50_ms: of(|q| q.p50_ms)?,
            p90_ms: of(|q| q.p90_ms)?,
        })
    }

    /// Divides each quantile by `slowdown`.
    pub(crate) fn at_usual_speed(&self, slowdown: f64) -> Self {
        let Self { p10_ms, p50_ms, p90_ms } = *self;
        let [p10_ms, p50_ms, p90_ms] = [p10_ms, p50_ms, p90_ms].map(|ms| ms / slowdown);
        Self { p10_ms, p50_ms, p90_ms }
    }

    /// Whether these can be quantiles of latencies: finite, above zero and in ascending order.
    pub fn is_plausible(&self) -> bool {
        let Self { p10_ms, p50_ms, p90_ms } = *self;
        0.0 < p10_ms && p10_ms <= p50_ms && p50_ms <= p90_ms && p90_ms.is_finite()
    }
}

/// Rounds to whole nanoseconds, which no clock exceeds in resolution and which keeps files short.
pub(crate) fn whole_ns(ms: f64) -> f64 {
    (ms * 1e6).round() / 1e6
}

/// The median. Sorts the values in place. `None` if there are none.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The quantile at `q` in [0, 1]. Sorts the values in place. `None` if there are none.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    sorted_quantile(values, q)
}

fn sorted_quantile(sorted: &[f64], q: f64) -> Option<f64> {
    (!sorted.is_empty()).then(|| search_space::quantile(sorted, q))
}
