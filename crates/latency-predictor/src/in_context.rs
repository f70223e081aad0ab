//! Measuring the blocks of a network inside it.

use std::collections::HashMap;

use engine::{Engine, Weights};
use search_space::{Graph, Network, PlacedUnit, published};

use crate::error::PredictorError;
use crate::journal::Sample;
use crate::lock::MeasuringLock;
use crate::measure::{random_image, timed_ms};
use crate::pin::Pinned;
use crate::speed::slowdowns;
use crate::stats::{Quantiles, median};
use crate::steal::CpuTicks;

/// Measures networks one after another by the engine's clock for each block. A fixed reference
/// network is timed before and after each; where the device was slower or faster than usual
/// meanwhile, the network is measured again.
#[derive(Debug)]
pub struct InContext<'lock> {
    _lock: &'lock MeasuringLock,
    pinned: Pinned,
    threads: usize,
    runs: usize,
    reference: Reference,
    started: Option<CpuTicks>,
    networks: usize,
    repeats: usize,
}

/// Share of the networks that may be measured again: on a device that is never quiet, a build ends
/// all the same.
const MOST_REPEATS: f64 = 0.1;
/// The device itself is warm from the networks before.
const WARM_UP_RUNS: usize = 2;

impl<'lock> InContext<'lock> {
    /// Measures on `threads` pinned threads, `runs` runs a network.
    ///
    /// # Errors
    /// No runs; more threads than CPUs.
    pub fn new(
        lock: &'lock MeasuringLock,
        threads: usize,
        runs: usize,
    ) -> Result<Self, PredictorError> {
        if runs == 0 {
            return Err(PredictorError::NoRuns);
        }
        let pinned = Pinned::new(threads)?;
        let started = CpuTicks::read(&pinned.cpus);
        let reference = Reference::new()?;
        let (networks, repeats) = (0, 0);
        Ok(Self { _lock: lock, pinned, threads, runs, reference, started, networks, repeats })
    }

    /// A sample for each distinct block of the network, and its head.
    ///
    /// # Errors
    /// A network that cannot be computed.
    pub fn measure(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        let graph = network.lower()?;
        self.networks += 1;
        let (mut drift, mut samples) = self.once(&graph)?;
        while drift > DRIFT && (self.repeats as f64) < MOST_REPEATS * self.networks as f64 {
            self.repeats += 1;
            let (again, other) = self.once(&graph)?;
            if again < drift {
                (drift, samples) = (again, other);
            }
        }
        Ok(samples)
    }

    /// Networks measured again so far because the device's speed had changed.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// Share of the time so far that a hypervisor gave to others; `None` where the system does not
    /// say.
    pub fn steal(&self) -> Option<f64> {
        Some(CpuTicks::read(&self.pinned.cpus)?.steal_since(self.started?))
    }

    /// Measures with the engine in a new place of memory; gives the reference's drift with it.
    fn once(&mut self, graph: &Graph) -> Result<(f64, Vec<Sample>), PredictorError> {
        let mut engine = Engine::new(graph, &Weights::random(graph, 0), self.threads)?;
        let image = random_image(engine.image_len());
        let before = self.reference.drift();
        let units = graph.units.len();
        for _ in 0..WARM_UP_RUNS {
            engine.run(&image);
        }
        let mut runs_ms = vec![0.0; units * self.runs];
        for run_ms in runs_ms.chunks_exact_mut(units) {
            engine.run_clocked(&image, run_ms);
        }
        let drift = before.max(self.reference.drift());
        Ok((drift, samples(graph, &runs_ms)))
    }
}

/// `runs_ms` holds a time for each unit of the graph, run after run.
fn samples(graph: &Graph, runs_ms: &[f64]) -> Vec<Sample> {
    let rows: Vec<Vec<(usize, f64)>> = runs_ms
        .chunks_exact(graph.units.len())
        .map(|run_ms| run_ms.iter().copied().enumerate().collect())
        .collect();
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

/// Beyond this share the device's speed has changed.
const DRIFT: f64 = 0.04;
const REFERENCE_RUNS: usize = 7;

/// A network whose latency is watched.
#[derive(Debug)]
struct Reference {
    engine: Engine,
    image: Vec<f32>,
    seen_ms: Vec<f64>,
}

impl Reference {
    fn new() -> Result<Self, PredictorError> {
        let graph = published::network("mobilenet_v3_small@resolution=96")?.lower()?;
        let engine = Engine::new(&graph, &Weights::random(&graph, 0), 1)?;
        let image = random_image(engine.image_len());
        Ok(Self { engine, image, seen_ms: Vec::new() })
    }

    /// How far the reference is now from its usual latency: the median so far.
    fn drift(&mut self) -> f64 {
        let Self { engine, image, seen_ms } = self;
        let mut run = || timed_ms(|| _ = engine.run(image));
        run();
        let now_ms = median(&mut [(); REFERENCE_RUNS].map(|()| run())).unwrap_or_default();
        seen_ms.push(now_ms);
        let usual_ms = median(&mut seen_ms.clone()).unwrap_or(now_ms);
        (now_ms / usual_ms - 1.0).abs()
    }
}
