//! Measures the blocks of a network in the context of the whole network.

use std::collections::HashMap;

use search_space::{Graph, Network, PlacedUnit};

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::Quantiles;
use crate::measure::runs::{clocked, random_image};
use crate::measure::speed::slowdowns;
use crate::measure::undisturbed::{MAX_SLOWDOWN, Wanted, collect_undisturbed};
use crate::table::journal::Sample;

/// Few runs suffice, as the networks before have warmed up the device.
const WARM_UP_RUNS: usize = 2;

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
        if wanted == 0 {
            return Err(PredictorError::NoRuns);
        }
        let graph = network.lower()?;
        let mut engine = self.engine(&graph)?;
        let image = random_image(engine.image_len());
        for _ in 0..WARM_UP_RUNS {
            engine.run(&image);
        }
        let wanted = Wanted { undisturbed: wanted, at_any_moment: 0 };
        let found = collect_undisturbed(wanted, self, &mut clocked(&mut engine, &graph, &image));
        let made = found.runs.len();
        let counted = found.runs.into_iter().filter(|run| run.counts).map(|run| run.result);
        let counted: Vec<Vec<f64>> = counted.collect();
        self.seen.runs += made;
        self.seen.left_out += made - counted.len();
        self.seen.networks += 1;
        self.seen.slowed_networks += usize::from(found.slowdown > MAX_SLOWDOWN);
        Ok(samples(&graph, &counted))
    }
}

/// Samples from the times of each run, one time for each unit of the graph.
fn samples(graph: &Graph, runs_ms: &[Vec<f64>]) -> Vec<Sample> {
    let rows: Vec<Vec<(usize, f64)>> =
        runs_ms.iter().map(|run_ms| run_ms.iter().copied().enumerate().collect()).collect();
    let mut times_ms: HashMap<PlacedUnit, Vec<f64>> = HashMap::new();
    for (row, slowdown) in rows.iter().zip(slowdowns(&rows)) {
        for &(place, ms) in row {
            times_ms.entry(graph.units[place].unit).or_default().push(ms / slowdown);
        }
    }
    let sample = |(unit, mut times_ms): (PlacedUnit, Vec<f64>)| {
        let runs = times_ms.len();
        Some(Sample { unit, latency: Quantiles::of(&mut times_ms)?, runs })
    };
    times_ms.into_iter().filter_map(sample).collect()
}
