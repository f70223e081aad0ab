//! Measuring one network against another: what slows the device for a while slows both.

use search_space::Graph;

use crate::error::PredictorError;
use crate::measure::Runs;
use crate::meter::Meter;
use crate::stats::median;

/// Turns of each network. Each is a measurement of its own, with a warm-up and copies in other places of
/// memory: shorter ones find each network in the caches of the other.
const TURNS: usize = 9;

impl Meter<'_> {
    /// The latency of a network as a ratio to that of `reference`: both are measured in turns, each with
    /// `runs` undisturbed runs in all, within reason. The median over the turns.
    ///
    /// # Errors
    /// No runs; a graph that the engine does not take.
    pub fn against(
        &mut self,
        graph: &Graph,
        reference: &Graph,
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let turns = TURNS.min(runs);
        let mut ratios = Vec::with_capacity(turns);
        for turn in 0..turns {
            let share = Runs::Undisturbed(runs * (turn + 1) / turns - runs * turn / turns);
            let mut p50_ms = |graph| Ok(self.network(graph, share)?.latency.p50_ms);
            let both: Result<[f64; 2], PredictorError> = match turn % 2 {
                0 => p50_ms(graph).and_then(|ms| Ok([ms, p50_ms(reference)?])),
                _ => p50_ms(reference).and_then(|ms| Ok([p50_ms(graph)?, ms])),
            };
            let [ms, reference_ms] = both?;
            ratios.push(ms / reference_ms);
        }
        median(&mut ratios).ok_or(PredictorError::NoRuns)
    }
}
