//! Measuring the blocks of a network inside it.

use std::collections::HashMap;

use search_space::{Graph, Network, PlacedUnit};

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::Quantiles;
use crate::measure::runs::{clocked, random_image};
use crate::measure::speed::slowdowns;
use crate::measure::undisturbed::collect_undisturbed;
use crate::table::journal::Sample;

/// The device itself is warm from the networks before.
const WARM_UP_RUNS: usize = 2;

impl Meter<'_> {
    /// Times the blocks of a network by the engine's clock for each, in about `wanted` undisturbed
    /// runs of the whole: a sample for each distinct block and the head. The engine lies in a new
    /// place of memory each time.
    ///
    /// # Errors
    /// No runs; a network that cannot be computed.
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
        let found = collect_undisturbed(wanted, self, &mut clocked(&mut engine, &graph, &image));
        Ok(samples(&graph, &found.runs))
    }
}

/// `runs_ms` holds for each run a time for each unit of the graph.
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
