//! Validation of a table: how well predictions of networks match measurements by other processes.

pub(crate) mod draw;
pub(crate) mod errors;
pub(crate) mod passes;
mod stored;

use search_space::{NetworkCost, SearchSpace, spearman};
use serde::{Deserialize, Serialize};

use crate::measure::quantiles::median;
use crate::table::file;
use draw::DrawnNetwork;
use errors::{Errors, geometric_mean};
use passes::Pass;
pub(crate) use stored::list;

/// How well the predictions of a table match measurements. A prediction of a pass is the sum of a
/// network's blocks times the level that the pass read from the anchors. It is compared with the
/// median over the passes of the measured p50.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Name of the search space of the networks.
    pub space: String,
    /// When it was completed, such as `2026-11-23T17:04:05Z`.
    pub date: String,
    /// Number of networks.
    pub networks: usize,
    /// The measured latency of the fastest network in milliseconds.
    pub fastest_ms: f64,
    /// The measured latency of the slowest network in milliseconds.
    pub slowest_ms: f64,
    /// The level of each pass.
    pub levels: Vec<f64>,
    /// The errors of all predictions of all passes.
    pub as_predicted: Errors,
    /// The errors of the networks once the bias is taken out: how right blocks are relative to each
    /// other.
    pub shape: Errors,
    /// The bias that predictions at the level of the build would have.
    pub bias_at_built_level: f64,
    /// The errors of each pass as predictions of each later one, which no prediction can be expected
    /// to beat. `None` with a single pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_floor: Option<Errors>,
    /// Rank correlations with the measured latency.
    pub spearman: RankCorrelations,
    /// Number of measurements in which even the quietest runs were disturbed.
    pub disturbed: usize,
}

/// Spearman's rank correlations with the measured latency. `None` where all networks have the same
/// value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankCorrelations {
    /// Of the prediction.
    pub prediction: Option<f64>,
    /// Of the multiply-adds.
    pub macs: Option<f64>,
    /// Of the parameters.
    pub params: Option<f64>,
    /// Of the memory access cost.
    pub memory_access_cost: Option<f64>,
}

/// Measurements from which no validation can be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidPasses {
    /// There are no networks, or no passes.
    #[error("found no measurements; expected: at least one network and one pass")]
    Nothing,
    /// A pass lacks networks.
    #[error("pass {pass}: found {found} latencies; expected: {expected}")]
    Count {
        /// Number of the pass, from 1 on.
        pass: usize,
        /// Number of latencies.
        found: usize,
        /// Number of networks.
        expected: usize,
    },
    /// A level or a latency is not a positive number.
    #[error("pass {pass}: {what}: found {found}; expected: a number above 0")]
    NotPositive {
        /// Number of the pass, from 1 on.
        pass: usize,
        /// `level` or the genotype of a network.
        what: String,
        /// The number.
        found: f64,
    },
}

/// The measured latency of a network that is compared with its prediction: the median over the
/// passes, in milliseconds. `None` without passes.
pub fn measured_ms(passes: &[Pass], network: usize) -> Option<f64> {
    median(&mut passes.iter().map(|pass| pass.measured[network].p50_ms).collect::<Vec<_>>())
}

impl Validation {
    /// Compares the predictions of `networks` of `space` with what `passes` measured, which have the
    /// latencies of the networks in the same order.
    ///
    /// # Errors
    /// There is nothing to compare, a pass has another number of latencies, or a level or latency is
    /// not above 0.
    pub fn of(
        space: &SearchSpace,
        networks: &[DrawnNetwork],
        passes: &[Pass],
    ) -> Result<Self, InvalidPasses> {
        check(networks, passes)?;
        let truth: Vec<f64> =
            (0..networks.len()).filter_map(|network| measured_ms(passes, network)).collect();
        let built: Vec<f64> = networks.iter().map(|network| network.built_ms).collect();
        let ratios: Vec<f64> =
            built.iter().zip(&truth).map(|(built, truth)| built / truth).collect();
        let levels: Vec<f64> = passes.iter().map(|pass| pass.level).collect();
        let built_bias = geometric_mean(&ratios);
        let as_predicted: Vec<f64> =
            levels.iter().flat_map(|level| ratios.iter().map(move |ratio| level * ratio)).collect();
        let shape: Vec<f64> = ratios.iter().map(|ratio| ratio / built_bias).collect();
        let errors = |ratios: &[f64]| Errors::of(ratios).ok_or(InvalidPasses::Nothing);
        let rank = |cost: fn(&NetworkCost) -> usize| {
            let costs = networks.iter().map(|network| cost(&network.cost) as f64);
            spearman(&costs.collect::<Vec<_>>(), &truth)
        };
        Ok(Self {
            space: space.name.clone(),
            date: file::utc_now(),
            networks: networks.len(),
            fastest_ms: truth.iter().copied().fold(f64::INFINITY, f64::min),
            slowest_ms: truth.iter().copied().fold(0.0, f64::max),
            as_predicted: errors(&as_predicted)?,
            shape: errors(&shape)?,
            bias_at_built_level: built_bias - 1.0,
            repeat_floor: Errors::of(&repeated(passes)),
            spearman: RankCorrelations {
                prediction: spearman(&built, &truth),
                macs: rank(|cost| cost.macs),
                params: rank(|cost| cost.params),
                memory_access_cost: rank(|cost| cost.memory_access_cost),
            },
            disturbed: passes
                .iter()
                .flat_map(|pass| &pass.measured)
                .filter(|latency| latency.disturbed)
                .count(),
            levels,
        })
    }
}

/// The ratios of the latencies of each pass to those of each later one.
fn repeated(passes: &[Pass]) -> Vec<f64> {
    let pairs = passes
        .iter()
        .enumerate()
        .flat_map(|(index, earlier)| passes[index + 1..].iter().map(move |later| (earlier, later)));
    let ratios = pairs.flat_map(|(earlier, later)| {
        earlier.measured.iter().zip(&later.measured).map(|(a, b)| a.p50_ms / b.p50_ms)
    });
    ratios.collect()
}

fn check(networks: &[DrawnNetwork], passes: &[Pass]) -> Result<(), InvalidPasses> {
    if networks.is_empty() || passes.is_empty() {
        return Err(InvalidPasses::Nothing);
    }
    for (pass, Pass { level, measured }) in (1..).zip(passes) {
        let (found, expected) = (measured.len(), networks.len());
        if found != expected {
            return Err(InvalidPasses::Count { pass, found, expected });
        }
        let named = networks.iter().map(|network| network.genotype.to_string());
        let latencies = named.zip(measured.iter().map(|latency| latency.p50_ms));
        let level = ("level".to_owned(), *level);
        for (what, found) in [level].into_iter().chain(latencies) {
            if !(found > 0.0 && found.is_finite()) {
                return Err(InvalidPasses::NotPositive { pass, what, found });
            }
        }
    }
    Ok(())
}
