//! Measuring whole networks.

use std::time::Instant;

use engine::{Engine, Weights};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::Graph;

use crate::error::PredictorError;
use crate::lock::MeasuringLock;
use crate::pin::Pinned;
use crate::stats::{Quantiles, median};
use crate::steal::CpuTicks;

/// The latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Over all runs.
    pub latency: Quantiles,
    /// Timed runs.
    pub runs: usize,
    /// Share of the time that a hypervisor gave to others; `None` where the system does not say.
    pub steal: Option<f64>,
}

/// Copies of the network, each with weights and buffers in other places of memory: where they lie
/// decides which cache lines collide, and stays the same for as long as a copy lives.
const PLACES: usize = 5;

/// Times `runs` runs of a network on `threads` pinned threads, after a warm-up of each copy. Between
/// the runs there is nothing but reading the clock.
///
/// # Errors
/// No runs; more threads than CPUs; a graph that the engine does not take.
pub fn measure(
    _lock: &MeasuringLock,
    graph: &Graph,
    threads: usize,
    runs: usize,
) -> Result<Measured, PredictorError> {
    let pinned = Pinned::new(threads)?;
    let weights = Weights::random(graph, 0);
    let image = random_image(graph.input().elements());
    let mut copies = (0..PLACES.min(runs))
        .map(|_| Engine::new(graph, &weights, threads))
        .collect::<Result<Vec<Engine>, _>>()?;
    let before = CpuTicks::read(&pinned.cpus);
    let mut latencies_ms = Vec::with_capacity(runs);
    let count = copies.len();
    for (index, engine) in copies.iter_mut().enumerate() {
        let mut run = || timed_ms(|| _ = engine.run(&image));
        warm_up(&mut run);
        let share = runs * (index + 1) / count - runs * index / count;
        latencies_ms.extend((0..share).map(|_| run()));
    }
    let after = CpuTicks::read(&pinned.cpus);
    let steal = before.zip(after).map(|(before, after)| after.steal_since(before));
    let latency = Quantiles::of(&mut latencies_ms).ok_or(PredictorError::NoRuns)?;
    Ok(Measured { latency, runs, steal })
}

/// Numbers of either sign between 0.1 and 1: neither zeros nor denormals, which some CPUs compute at
/// another speed.
pub(crate) fn random_image(len: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut number = || {
        let size = rng.random_range(0.1..1.0);
        if rng.random() { size } else { -size }
    };
    (0..len).map(|_| number()).collect()
}

pub(crate) fn timed_ms(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

/// Runs until the median of the last few runs is that of the few before, within this share.
const STABLE: f64 = 0.02;
const WINDOW: usize = 3;
const MOST_WINDOWS: usize = 5;

/// `run` gives the latency of a run in ms.
pub(crate) fn warm_up(run: &mut impl FnMut() -> f64) {
    let mut window = || median(&mut [(); WINDOW].map(|()| run())).unwrap_or_default();
    let mut last = window();
    for _ in 1..MOST_WINDOWS {
        let next = window();
        if (next / last - 1.0).abs() < STABLE {
            return;
        }
        last = next;
    }
}
