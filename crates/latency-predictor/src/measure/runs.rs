//! Measures whole networks.

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

/// The measured latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Latency over the runs that count.
    #[serde(flatten)]
    pub latency: Quantiles,
    /// Number of runs that count.
    pub runs: usize,
    /// Number of runs that do not count because something else slowed the device.
    pub disturbed: usize,
    /// Slowdown of the device in the most disturbed run that counts, as a ratio to its fastest
    /// speed. 1 if the probe was not used.
    pub slowdown: f64,
    /// Share of the time that the hypervisor gave to other guests. `None` if the system does not
    /// report it.
    pub steal: Option<f64>,
}

impl Measured {
    /// Whether even runs that count were disturbed, for lack of others. The latency is then that of
    /// a busy machine.
    pub fn is_of_a_busy_machine(&self) -> bool {
        self.slowdown > MAX_SLOWDOWN
    }
}

/// How often a network is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Until this many runs were undisturbed, up to a limit on the number of attempts.
    Undisturbed(usize),
    /// Exactly this many times, whatever else the machine does. Only the clock is read between the
    /// runs.
    Exactly(usize),
}

/// Number of copies of the network, each with weights and buffers at other addresses. The addresses
/// determine which cache lines collide, and they are fixed for the lifetime of a copy.
const COPIES: usize = 5;

impl Meter<'_> {
    /// Times a network after a warm-up of each copy.
    ///
    /// # Errors
    /// No runs are requested, or the engine cannot run the graph.
    pub fn network(&mut self, graph: &Graph, runs: Runs) -> Result<Measured, PredictorError> {
        let (Runs::Undisturbed(wanted) | Runs::Exactly(wanted)) = runs;
        let image = random_image(graph.input().elements());
        let before = CpuTicks::read(self.pinned.allowed());
        // All copies exist at the same time, so that none reuses the memory of another.
        let mut copies = (0..COPIES.min(wanted))
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

/// A closure that runs a network and returns the time of each of its units in milliseconds.
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

/// A unit whose time exceeds its usual time by more than this factor was disturbed.
const MAX_UNIT_SLOWDOWN: f64 = 1.2;
/// Maximum share of a run's time in disturbed units for the run to count.
const MAX_DISTURBED_SHARE: f64 = 0.1;

/// The latencies of those clocked runs during which the device was not slowed. The probe is timed
/// before and after a run only, so the times of the units are compared with their usual times,
/// which are the lower quartiles over the runs. If all runs were slowed, those that were slowed
/// least are returned.
fn steady_runs(runs_ms: &[Vec<f64>]) -> Vec<f64> {
    let units = runs_ms.first().map_or(0, Vec::len);
    let usual_ms: Vec<f64> = (0..units)
        .filter_map(|unit| {
            quantile(&mut runs_ms.iter().map(|run_ms| run_ms[unit]).collect::<Vec<_>>(), 0.25)
        })
        .collect();
    let disturbed_share = |run_ms: &Vec<f64>| {
        let units = run_ms.iter().zip(&usual_ms);
        let disturbed = units.filter(|(ms, usual_ms)| **ms > MAX_UNIT_SLOWDOWN * **usual_ms);
        disturbed.map(|(ms, _)| ms).sum::<f64>() / run_ms.iter().sum::<f64>()
    };
    let shares: Vec<f64> = runs_ms.iter().map(disturbed_share).collect();
    let min_share = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let max_share = min_share.max(MAX_DISTURBED_SHARE);
    let steady = shares.iter().zip(runs_ms).filter(|(share, _)| **share <= max_share);
    steady.map(|(_, run_ms)| run_ms.iter().sum()).collect()
}

/// Random values of either sign with magnitudes between 0.1 and 1. There are no zeros or denormals,
/// which some CPUs compute at another speed.
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

/// The warm-up ends when the medians of two consecutive windows of runs differ by less than this
/// share.
const STABLE: f64 = 0.02;
const WINDOW: usize = 3;
const MAX_WINDOWS: usize = 5;

/// Warms up by calling `run`, which returns the latency of a run in milliseconds.
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
        // Jitter in a unit with a small share of the time is tolerated.
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
