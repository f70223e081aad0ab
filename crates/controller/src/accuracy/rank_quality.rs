//! How well an accuracy source ranks networks, against their trained accuracies and beside the
//! ranking by multiply-adds. Over a whole space almost any source looks good, since larger networks
//! are more accurate; a search compares networks of about the same cost.

use rand::RngExt;

use crate::random::{Purpose, rng};
use crate::statistics::{kendall_tau, mean};

/// Number of parts of equally many networks by multiply-adds.
const QUINTILES: usize = 5;
/// The minimum number of networks; with fewer, a quintile has less than two.
const MIN_NETWORKS: usize = 2 * QUINTILES;
/// Number of resamples for the interval.
pub(super) const RESAMPLES: usize = 1_000;

/// A network whose trained accuracy is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedNetwork {
    /// Accuracy after a training of its own.
    pub trained: f64,
    /// Accuracy by the source.
    pub estimated: f64,
    /// Multiply-adds.
    pub macs: f64,
}

/// Kendall's tau-b against the trained accuracies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taus {
    /// Over all networks.
    pub all: f64,
    /// Within each quintile of multiply-adds, from the smallest networks on.
    pub quintiles: [f64; QUINTILES],
}

impl Taus {
    /// The mean of the quintiles.
    pub fn mean_of_quintiles(&self) -> f64 {
        mean(self.quintiles.iter().copied())
    }
}

/// How well a source ranks networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankQuality {
    /// Number of networks.
    pub networks: usize,
    /// Of the source.
    pub source: Taus,
    /// Of the multiply-adds.
    pub macs: Taus,
    /// By how much the mean tau within quintiles of the source is above that of the multiply-adds.
    pub difference: f64,
    /// The 2.5th and the 97.5th percentile of the difference, by a bootstrap within the quintiles.
    pub interval: [f64; 2],
}

impl RankQuality {
    /// The quality on these networks; `None` with fewer than 10. A ranking of equal values has a tau
    /// of 0. The seed decides the resamples.
    pub fn of(networks: &[RankedNetwork], seed: u64) -> Option<Self> {
        if networks.len() < MIN_NETWORKS {
            return None;
        }
        let mut sorted = networks.to_vec();
        sorted.sort_by(|a, b| a.macs.total_cmp(&b.macs));
        let end = |quintile: usize| quintile * sorted.len() / QUINTILES;
        let quintiles: [&[RankedNetwork]; QUINTILES] =
            std::array::from_fn(|quintile| &sorted[end(quintile)..end(quintile + 1)]);
        let taus = |by: fn(&RankedNetwork) -> f64| Taus {
            all: tau(&sorted, by),
            quintiles: quintiles.map(|quintile| tau(quintile, by)),
        };
        let (source, macs) = (taus(estimated), taus(multiply_adds));
        let mut rng = rng(seed, Purpose::Bootstrap, 0);
        let mut resampled = || {
            let differences = quintiles.map(|quintile| {
                let draw = |_| quintile[rng.random_range(0..quintile.len())];
                let drawn: Vec<RankedNetwork> = (0..quintile.len()).map(draw).collect();
                tau(&drawn, estimated) - tau(&drawn, multiply_adds)
            });
            mean(differences.into_iter())
        };
        let mut differences: Vec<f64> = (0..RESAMPLES).map(|_| resampled()).collect();
        differences.sort_unstable_by(f64::total_cmp);
        let percentile =
            |share: f64| differences[(share * (RESAMPLES - 1) as f64).round() as usize];
        Some(Self {
            networks: networks.len(),
            source,
            macs,
            difference: source.mean_of_quintiles() - macs.mean_of_quintiles(),
            interval: [percentile(0.025), percentile(0.975)],
        })
    }
}

pub(super) fn estimated(network: &RankedNetwork) -> f64 {
    network.estimated
}

pub(super) fn multiply_adds(network: &RankedNetwork) -> f64 {
    network.macs
}

pub(super) fn tau(networks: &[RankedNetwork], by: fn(&RankedNetwork) -> f64) -> f64 {
    let values: Vec<f64> = networks.iter().map(by).collect();
    let trained: Vec<f64> = networks.iter().map(|network| network.trained).collect();
    let tau = kendall_tau(&values, &trained);
    if tau.is_nan() { 0.0 } else { tau }
}
