//! Measuring whole networks.

use std::time::Instant;

use engine::Engine;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::Graph;
use serde::Serialize;

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::{Quantiles, median, quantile};
use crate::measure::steal::CpuTicks;
use crate::measure::undisturbed::{MAX_SLOWDOWN, collect_undisturbed};

/// The latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Over the runs that count.
    #[serde(flatten)]
    pub latency: Quantiles,
    /// Runs that count.
    pub runs: usize,
    /// Runs that do not count, since something else slowed the device.
    pub disturbed: usize,
    /// How much slower than at its fastest the device was in the most disturbed run that counts; 1 where
    /// the probe was not asked.
    pub slowdown: f64,
    /// Share of the time that a hypervisor gave to others; `None` where the system does not say.
    pub steal: Option<f64>,
}

impl Measured {
    /// Whether even the runs that count were disturbed, since there were no others: the latency is that of
    /// a busy machine.
    pub fn is_of_a_busy_machine(&self) -> bool {
        self.slowdown > MAX_SLOWDOWN
    }
}

/// How often a network is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Until this many runs were undisturbed, within reason.
    Undisturbed(usize),
    /// This often, whatever else the machine does; between the runs there is nothing but reading the
    /// clock.
    Exactly(usize),
}

/// Copies of the network, each with weights and buffers in other places of memory: where they lie
/// decides which cache lines collide, and stays the same for as long as a copy lives.
const PLACES: usize = 5;

impl Meter<'_> {
    /// Times a network, after a warm-up of each copy.
    ///
    /// # Errors
    /// No runs; a graph that the engine does not take.
    pub fn network(&mut self, graph: &Graph, runs: Runs) -> Result<Measured, PredictorError> {
        let (Runs::Undisturbed(wanted) | Runs::Exactly(wanted)) = runs;
        let image = random_image(graph.input().elements());
        let before = CpuTicks::read(self.pinned.allowed());
        // All live at once, so that none lies where another was.
        let mut copies = (0..PLACES.min(wanted))
            .map(|_| self.engine(graph))
            .collect::<Result<Vec<Engine>, _>>()?;
        let (count, mut latencies_ms) = (copies.len(), Vec::with_capacity(wanted));
        let (mut disturbed, mut slowdown) = (0, 1.0_f64);
        for (index, engine) in copies.iter_mut().enumerate() {
            let mut run = || timed_ms(|| _ = engine.run(&image));
            warm_up(&mut run);
            let share = wanted * (index + 1) / count - wanted * index / count;
            match runs {
                Runs::Exactly(_) => latencies_ms.extend((0..share).map(|_| run())),
                Runs::Undisturbed(_) => {
                    let found =
                        collect_undisturbed(share, self, &mut clocked(engine, graph, &image));
                    let steady = steady_runs(&found.runs);
                    disturbed += found.disturbed + found.runs.len() - steady.len();
                    slowdown = slowdown.max(found.slowdown);
                    latencies_ms.extend(steady);
                }
            }
        }
        let after = CpuTicks::read(self.pinned.allowed());
        let steal = before.zip(after).map(|(before, after)| after.steal_since(before));
        let runs = latencies_ms.len();
        let latency = Quantiles::of(&mut latencies_ms).ok_or(PredictorError::NoRuns)?;
        Ok(Measured { latency, runs, disturbed, slowdown, steal })
    }
}

/// Runs of a network that give the time of each of its units.
pub(crate) fn clocked<'a>(
    engine: &'a mut Engine,
    graph: &Graph,
    image: &'a [f32],
) -> impl FnMut() -> Vec<f64> + use<'a> {
    let units = graph.units.len();
    move || {
        let mut run_ms = vec![0.0; units];
        engine.run_clocked(image, &mut run_ms);
        run_ms
    }
}

/// A unit that takes longer than this ratio to its usual time was disturbed.
const LONG: f64 = 1.2;
/// Share of a run's time in such units from which on the run does not count.
const LONG_SHARE: f64 = 0.1;

/// The latencies of those of the clocked runs in the middle of which the device was not slowed: the
/// probe looks before and after only. A unit's usual time is its lower quartile over the runs. Where
/// all were slowed, those that were it least.
fn steady_runs(runs_ms: &[Vec<f64>]) -> Vec<f64> {
    let units = runs_ms.first().map_or(0, Vec::len);
    let usual_ms: Vec<f64> = (0..units)
        .filter_map(|unit| {
            quantile(&mut runs_ms.iter().map(|run_ms| run_ms[unit]).collect::<Vec<_>>(), 0.25)
        })
        .collect();
    let long_share = |run_ms: &Vec<f64>| {
        let units = run_ms.iter().zip(&usual_ms);
        let long_ms: f64 =
            units.filter(|(ms, usual_ms)| **ms > LONG * **usual_ms).map(|(ms, _)| ms).sum();
        long_ms / run_ms.iter().sum::<f64>()
    };
    let shares: Vec<f64> = runs_ms.iter().map(long_share).collect();
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let steady = shares.iter().zip(runs_ms).filter(|(share, _)| **share <= least.max(LONG_SHARE));
    steady.map(|(_, run_ms)| run_ms.iter().sum()).collect()
}

/// Values of either sign between 0.1 and 1: neither zeros nor denormals, which some CPUs compute at
/// another speed.
pub(crate) fn random_image(len: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut value = || {
        let size = rng.random_range(0.1..1.0);
        if rng.random() { size } else { -size }
    };
    (0..len).map(|_| value()).collect()
}

pub(crate) fn timed_ms(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

/// Runs until the median of the last few runs is that of the few before, within this share.
const STABLE: f64 = 0.02;
const WINDOW: usize = 3;
const MAX_WINDOWS: usize = 5;

/// `run` gives the latency of a run in ms.
pub(crate) fn warm_up(run: &mut impl FnMut() -> f64) {
    let mut window = || median(&mut [(); WINDOW].map(|()| run())).unwrap_or_default();
    let mut last = window();
    for _ in 1..MAX_WINDOWS {
        let next = window();
        if (next / last - 1.0).abs() < STABLE {
            return;
        }
        last = next;
    }
}

#[cfg(test)]
mod tests {
    use super::steady_runs;

    #[test]
    fn runs_slowed_in_their_middle_do_not_count() {
        let usual = vec![1.0, 2.0, 3.0, 4.0, 0.5];
        let slowed = vec![1.0, 3.2, 4.8, 4.0, 0.5];
        // A unit of little weight may jitter.
        let jittery = vec![1.0, 2.1, 3.1, 4.1, 0.9];
        let runs = [&usual, &slowed, &usual, &jittery, &slowed, &slowed, &usual, &slowed];
        let steady = steady_runs(&runs.map(Clone::clone));
        let expected = [10.5, 10.5, 11.2, 10.5];
        assert!(steady.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{steady:?}");
        assert_eq!(steady.len(), expected.len());
    }

    #[test]
    fn where_all_runs_are_slowed_the_least_slowed_counts() {
        let (early, late) = (vec![1.6, 3.2, 3.0, 4.0], vec![1.0, 2.0, 4.8, 6.4]);
        let steady = steady_runs(&[early, late]);
        assert_eq!(steady.len(), 1);
        assert!((steady[0] - 11.8).abs() < 1e-9, "{steady:?}");
    }
}
