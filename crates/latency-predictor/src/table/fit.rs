//! Fits what weights cost to whole networks of a space.

use std::ops::ControlFlow;

use search_space::{Network, SearchSpace};

use crate::error::PredictorError;
use crate::measure::quantiles::median;
use crate::table::Table;
use crate::table::build::{MeasureUnits, Progress};
use crate::table::cold_weights::{ColdWeights, Residual};
use crate::table::validate::draw::{DrawnNetwork, draw_networks};

/// Number of whole networks for the fit of what weights cost.
pub(crate) const WHOLE_NETWORKS: usize = 36;
/// Seed of their choice, another one than that of validations.
const WHOLE_SEED: u64 = 0x5EED;

/// The fractional part of a multiple of the golden ratio: ordered by it, neighbours lie far apart.
fn golden(multiple: usize) -> f64 {
    (multiple as f64 * 0.618_033_988_749_894_9).fract()
}

impl Table {
    /// Whether no fit of this space has been made. One is made after each build.
    pub(crate) fn lacks_fit(&self, space: &SearchSpace) -> bool {
        self.cold_weights.iter().all(|fit| fit.space != space.name)
    }

    /// Measures whole networks that are spread evenly over the logarithm of latency, fits what their
    /// weights cost and returns them. `None` if `progress` requested a stop.
    pub(crate) fn fit_cold_weights(
        &mut self,
        space: &SearchSpace,
        measure: &mut dyn MeasureUnits,
        progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Vec<Network>>, PredictorError> {
        let (mut ratios, mut measured) = (Vec::new(), Vec::new());
        let drawn = draw_networks(self, space, WHOLE_NETWORKS, WHOLE_SEED).unwrap_or_default();
        let total = drawn.len();
        // From the fastest to the slowest, they would take longer and longer, and drift of the machine
        // would look like a cost of traffic.
        let mut mixed: Vec<usize> = (0..total).collect();
        mixed.sort_by(|&a, &b| golden(a).total_cmp(&golden(b)));
        for (done, DrawnNetwork { network, .. }) in mixed.iter().map(|&at| &drawn[at]).enumerate() {
            if progress(Progress { done, total, label: &network.name }).is_break() {
                return Ok(None);
            }
            let Some(whole) = measure.whole(network)? else { return Ok(Some(Vec::new())) };
            let blocks_ms = self.sum_ms(network)?;
            ratios.push(whole.p50_ms / blocks_ms);
            measured.push((network.clone(), blocks_ms, whole.p50_ms));
        }
        // The device may be slower or faster than when the blocks were measured.
        let level = median(&mut ratios).unwrap_or(1.0);
        let residual = |(network, blocks_ms, whole_ms): &(Network, f64, f64)| {
            let traffic = self.traffic.of(network.units());
            Residual { traffic, ms: whole_ms / level - blocks_ms }
        };
        let residuals = measured.iter().map(residual).collect();
        self.cold_weights.push(ColdWeights::fit(&space.name, residuals));
        self.know_traffic();
        Ok(Some(measured.into_iter().map(|(network, ..)| network).collect()))
    }
}
