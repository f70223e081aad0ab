//! Measures the blocks of a network in the context of the whole network.

use search_space::Network;

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::Quantiles;
use crate::measure::sampling::Sampling;
use crate::measure::undisturbed::MAX_SLOWDOWN;
use crate::table::anchors::WholeLatency;
use crate::table::journal::Sample;

impl Meter<'_> {
    /// Times the units of a network with the engine's clocks in about `wanted` undisturbed runs of
    /// the whole network. Returns a sample for each distinct block and the head. Every call
    /// allocates the engine anew, at other addresses in memory.
    ///
    /// # Errors
    /// `wanted` is 0, or the network cannot be computed.
    pub fn blocks(
        &mut self,
        network: &Network,
        wanted: usize,
    ) -> Result<Vec<Sample>, PredictorError> {
        let graph = network.lower()?;
        let sampling = Sampling::same(1, wanted);
        let sampled = self.sample(&graph, sampling)?;
        self.seen.runs += sampled.runs;
        self.seen.left_out += sampled.runs - sampled.totals_ms().len();
        self.seen.networks += 1;
        self.seen.slowed_networks += usize::from(sampled.slowdown > MAX_SLOWDOWN);
        Ok(sampled.units(&graph))
    }

    /// Times a network as a whole in about `runs` undisturbed runs of one copy.
    pub(crate) fn whole(
        &mut self,
        network: &Network,
        runs: usize,
    ) -> Result<WholeLatency, PredictorError> {
        let sampling = Sampling::same(1, runs);
        let sampled = self.sample(&network.lower()?, sampling)?;
        let total = Quantiles::of(&mut sampled.totals_ms()).ok_or(PredictorError::NoRuns)?;
        let disturbed = sampled.slowdown > MAX_SLOWDOWN;
        Ok(WholeLatency { p50_ms: total.p50_ms, disturbed })
    }
}
