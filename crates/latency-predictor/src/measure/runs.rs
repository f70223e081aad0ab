//! Measures whole networks.

use std::time::Instant;

use engine::Engine;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{AllRuns, Graph, MeasuredLatency, MeasuredRuns};
use serde::Serialize;

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::processor_time::CpuTicks;
use crate::measure::quantiles::{Quantiles, median, quantile, whole_ns};
use crate::measure::undisturbed::{
    MAX_SLOWDOWN, Moment, ProbedRun, ProbedRuns, Wanted, collect_undisturbed,
};

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
    /// Share of the runs of `all` that do not count.
    pub left_out_share: f64,
    /// Latency over all runs at moments that were not chosen.
    pub all: AllRuns,
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

    /// The latency without the state of the machine.
    pub fn latency(&self) -> MeasuredLatency {
        let Self {
            latency: Quantiles { p10_ms, p50_ms, p90_ms }, runs, left_out_share, all, ..
        } = *self;
        let runs = MeasuredRuns { p10_ms, p90_ms, count: runs, left_out_share, all };
        MeasuredLatency { p50_ms, runs: Some(runs) }
    }
}

/// How often a network is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Until this many runs were undisturbed, up to a limit on the number of attempts.
    Undisturbed(usize),
    /// The same on a single copy of the network, whose addresses in memory are those that it
    /// happens to get: several times quicker, and less certain by as much as copies differ.
    OneCopy(usize),
    /// Exactly this many times, whatever else the machine does. Only the clock is read between the
    /// runs.
    Exactly(usize),
}

/// Number of copies of the network, each with weights and buffers at other addresses. The addresses
/// determine which cache lines collide, and they are fixed for the lifetime of a copy.
const COPIES: usize = 5;

/// The latencies of the runs of a network.
#[derive(Debug, Default)]
struct TimedRuns {
    /// Those of the runs that count, in milliseconds.
    counted_ms: Vec<f64>,
    /// Those of the runs at any moment, in milliseconds.
    all_ms: Vec<f64>,
    /// Number of runs at any moment that do not count.
    left_out: usize,
    /// Number of runs that do not count.
    disturbed: usize,
    /// Slowdown of the most disturbed run that counts.
    slowdown: f64,
}

/// Whether runs at any moment are wanted besides the undisturbed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtAnyMoment {
    AsManyAsUndisturbed,
    None,
}

impl Meter<'_> {
    /// Times a network after a warm-up of each copy.
    ///
    /// # Errors
    /// No runs are requested, or the engine cannot run the graph.
    pub fn network(&mut self, graph: &Graph, runs: Runs) -> Result<Measured, PredictorError> {
        let before = CpuTicks::read(self.pinned.allowed());
        let mut timed = self.time_runs(graph, runs, AtAnyMoment::AsManyAsUndisturbed)?;
        let after = CpuTicks::read(self.pinned.allowed());
        let steal = before.zip(after).map(|(before, after)| after.since(before).stolen_share());
        let (runs, all_runs) = (timed.counted_ms.len(), timed.all_ms.len());
        let latency = Quantiles::of(&mut timed.counted_ms).ok_or(PredictorError::NoRuns)?;
        let mut all_at = |q| quantile(&mut timed.all_ms, q).ok_or(PredictorError::NoRuns);
        let (p50_ms, p95_ms) = (whole_ns(all_at(0.5)?), whole_ns(all_at(0.95)?));
        Ok(Measured {
            latency,
            runs,
            disturbed: timed.disturbed,
            left_out_share: timed.left_out as f64 / all_runs as f64,
            all: AllRuns { p50_ms, p95_ms, runs: all_runs },
            slowdown: timed.slowdown,
            steal: steal.flatten(),
        })
    }

    /// The median of about `wanted` undisturbed runs of a network, in milliseconds.
    pub(crate) fn undisturbed_p50_ms(
        &mut self,
        graph: &Graph,
        wanted: usize,
    ) -> Result<f64, PredictorError> {
        let mut timed = self.time_runs(graph, Runs::Undisturbed(wanted), AtAnyMoment::None)?;
        median(&mut timed.counted_ms).ok_or(PredictorError::NoRuns)
    }

    fn time_runs(
        &mut self,
        graph: &Graph,
        runs: Runs,
        at_any_moment: AtAnyMoment,
    ) -> Result<TimedRuns, PredictorError> {
        let (Runs::Undisturbed(wanted) | Runs::OneCopy(wanted) | Runs::Exactly(wanted)) = runs;
        let copies = if matches!(runs, Runs::OneCopy(_)) { 1 } else { COPIES };
        let image = random_image(graph.input().elements());
        // All copies exist at the same time, so that none reuses the memory of another.
        let mut copies = (0..copies.min(wanted))
            .map(|_| self.engine(graph))
            .collect::<Result<Vec<Engine>, _>>()?;
        let count = copies.len();
        let mut timed = TimedRuns { slowdown: 1.0, ..TimedRuns::default() };
        for (index, engine) in copies.iter_mut().enumerate() {
            let mut run = || timed_ms(|| _ = engine.run(&image));
            warm_up(&mut run);
            let share = wanted * (index + 1) / count - wanted * index / count;
            match runs {
                Runs::Exactly(_) => {
                    timed.all_ms.extend((0..share).map(|_| run()));
                }
                Runs::Undisturbed(_) | Runs::OneCopy(_) => {
                    let at_any_moment = match at_any_moment {
                        AtAnyMoment::AsManyAsUndisturbed => share,
                        AtAnyMoment::None => 0,
                    };
                    let wanted = Wanted { undisturbed: share, at_any_moment };
                    let mut run = clocked(engine, graph, &image);
                    timed.add(collect_undisturbed(wanted, self, &mut run));
                }
            }
        }
        if let Runs::Exactly(_) = runs {
            timed.counted_ms.clone_from(&timed.all_ms);
        }
        Ok(timed)
    }
}

impl TimedRuns {
    /// Adds clocked runs. Those that were slowed in their middle do not count either.
    fn add(&mut self, mut found: ProbedRuns<Vec<f64>>) {
        let counted: Vec<&mut ProbedRun<Vec<f64>>> =
            found.runs.iter_mut().filter(|run| run.counts).collect();
        let times: Vec<&[f64]> = counted.iter().map(|run| &run.result[..]).collect();
        let steady = steady_runs(&times);
        counted.into_iter().zip(steady).for_each(|(run, steady)| run.counts = steady);
        for ProbedRun { result, moment, counts, .. } in &found.runs {
            let ms = result.iter().sum();
            match counts {
                true => self.counted_ms.push(ms),
                false => self.disturbed += 1,
            }
            if *moment == Moment::Any {
                self.all_ms.push(ms);
                self.left_out += usize::from(!counts);
            }
        }
        self.slowdown = self.slowdown.max(found.slowdown);
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

/// Whether the device was not slowed during each of these clocked runs. The probe is timed before
/// and after a run only, so the times of the units are compared with their usual times, which are
/// the lower quartiles over the runs. If all runs were slowed, those that were slowed least pass.
fn steady_runs(runs_ms: &[&[f64]]) -> Vec<bool> {
    let units = runs_ms.first().map_or(0, |run_ms| run_ms.len());
    let usual_ms: Vec<f64> = (0..units)
        .filter_map(|unit| {
            quantile(&mut runs_ms.iter().map(|run_ms| run_ms[unit]).collect::<Vec<_>>(), 0.25)
        })
        .collect();
    let disturbed_share = |run_ms: &&[f64]| {
        let units = run_ms.iter().zip(&usual_ms);
        let disturbed = units.filter(|(ms, usual_ms)| **ms > MAX_UNIT_SLOWDOWN * **usual_ms);
        disturbed.map(|(ms, _)| ms).sum::<f64>() / run_ms.iter().sum::<f64>()
    };
    let shares: Vec<f64> = runs_ms.iter().map(disturbed_share).collect();
    let min_share = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let max_share = min_share.max(MAX_DISTURBED_SHARE);
    shares.iter().map(|share| *share <= max_share).collect()
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
    use super::{Moment, ProbedRun, ProbedRuns, TimedRuns, steady_runs};

    #[test]
    fn runs_slowed_in_their_middle_do_not_count() {
        let usual = &[1.0, 2.0, 3.0, 4.0, 0.5][..];
        let slowed = &[1.0, 3.2, 4.8, 4.0, 0.5][..];
        // Jitter in a unit with a small share of the time is tolerated.
        let jittery = &[1.0, 2.1, 3.1, 4.1, 0.9][..];
        let runs = [usual, slowed, usual, jittery, slowed, slowed, usual, slowed];
        let expected = [true, false, true, true, false, false, true, false];
        assert_eq!(steady_runs(&runs), expected);
    }

    #[test]
    fn where_all_runs_are_slowed_the_least_slowed_counts() {
        let (early, late) = (&[1.6, 3.2, 3.0, 4.0][..], &[1.0, 2.0, 4.8, 6.4][..]);
        assert_eq!(steady_runs(&[early, late]), [true, false]);
    }

    /// Undisturbed runs of 10 ms and disturbed ones of 16 ms: the former are those that count, and
    /// the latter are also among all runs.
    #[test]
    fn all_runs_are_those_at_any_moment() {
        let run = |ms: f64, moment: Moment, counts: bool| {
            let result = vec![0.4 * ms, 0.6 * ms];
            ProbedRun { result, moment, slowdown: 1.0, counts }
        };
        let runs = vec![
            run(10.0, Moment::Any, true),
            run(16.0, Moment::Any, false),
            run(10.0, Moment::Chosen, true),
            run(16.0, Moment::Any, false),
            // The probe was fast around this run, which was slowed in its middle.
            run(16.0, Moment::Any, true),
            run(10.0, Moment::Chosen, true),
        ];
        let mut timed = TimedRuns::default();
        timed.add(ProbedRuns { runs, slowdown: 1.05 });
        assert_eq!(timed.counted_ms, [10.0; 3]);
        assert_eq!(timed.all_ms, [10.0, 16.0, 16.0, 16.0]);
        assert_eq!((timed.left_out, timed.disturbed, timed.slowdown), (3, 3, 1.05));
    }
}
