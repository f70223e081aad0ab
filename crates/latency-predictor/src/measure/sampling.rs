//! The one way in which networks are timed: whole networks, blocks of a table and anchors all come
//! from the same warm-up, the same choice of runs and the same quantiles.

use std::collections::HashMap;

use engine::Engine;
use search_space::{Graph, PlacedUnit};

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::{Quantiles, median, quantile};
use crate::measure::runs::{random_image, timed_ms};
use crate::measure::speed::slowdowns;
use crate::measure::undisturbed::{Moment, ProbedRun, ProbedRuns, Wanted, collect_undisturbed};
use crate::table::journal::Sample;

/// How a network is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Number of copies of the network, each with weights and buffers at other addresses. The
    /// addresses determine which cache lines collide, and they are fixed for the lifetime of a copy.
    pub(crate) copies: usize,
    /// Number of undisturbed runs of all copies together.
    pub(crate) undisturbed: usize,
    /// Number of runs at any moment of all copies together.
    pub(crate) at_any_moment: usize,
}

/// The runs of a network. Each run that counts has the time of each unit of the graph.
#[derive(Debug)]
pub(crate) struct SampledRuns {
    /// Times of the units in each run that counts, in milliseconds.
    pub(crate) counted_ms: Vec<Vec<f64>>,
    /// Latencies of the runs at any moment, in milliseconds.
    pub(crate) all_ms: Vec<f64>,
    /// Number of runs at any moment that do not count.
    pub(crate) left_out: usize,
    /// Number of runs that do not count.
    pub(crate) disturbed: usize,
    /// Slowdown of the most disturbed run that counts.
    pub(crate) slowdown: f64,
}

impl Default for SampledRuns {
    fn default() -> Self {
        let (counted_ms, all_ms) = (Vec::new(), Vec::new());
        Self { counted_ms, all_ms, left_out: 0, disturbed: 0, slowdown: 1.0 }
    }
}

impl Meter<'_> {
    /// Warms up each copy of a network, then runs it until enough runs were undisturbed.
    ///
    /// # Errors
    /// No runs are requested, or the engine cannot run the graph.
    pub(crate) fn sample(
        &mut self,
        graph: &Graph,
        sampling: Sampling,
    ) -> Result<SampledRuns, PredictorError> {
        let Sampling { copies, undisturbed, at_any_moment } = sampling;
        let image = random_image(graph.input().elements());
        let mut copies = self.copies(graph, copies.min(undisturbed))?;
        let count = copies.len();
        let mut sampled = SampledRuns::default();
        for (index, engine) in copies.iter_mut().enumerate() {
            warm_up(&mut || timed_ms(|| _ = engine.run(&image)));
            let share = |runs: usize| share_of(runs, index, count);
            let wanted =
                Wanted { undisturbed: share(undisturbed), at_any_moment: share(at_any_moment) };
            let mut run = clocked(engine, graph, &image);
            sampled.add(collect_undisturbed(wanted, self, &mut run));
        }
        if sampled.counted_ms.is_empty() {
            return Err(PredictorError::NoRuns);
        }
        Ok(sampled)
    }

    /// Copies that exist at the same time, so that none reuses the memory of another.
    pub(crate) fn copies(
        &self,
        graph: &Graph,
        count: usize,
    ) -> Result<Vec<Engine>, PredictorError> {
        (0..count).map(|_| self.engine(graph)).collect()
    }
}

/// The part of `runs` that falls to one of `count` copies.
pub(crate) fn share_of(runs: usize, index: usize, count: usize) -> usize {
    runs * (index + 1) / count - runs * index / count
}

impl SampledRuns {
    /// Adds clocked runs. Those that were slowed in their middle do not count either.
    fn add(&mut self, mut found: ProbedRuns<Vec<f64>>) {
        let counted: Vec<&mut ProbedRun<Vec<f64>>> =
            found.runs.iter_mut().filter(|run| run.counts).collect();
        let times: Vec<&[f64]> = counted.iter().map(|run| &run.result[..]).collect();
        let steady = steady_runs(&times);
        counted.into_iter().zip(steady).for_each(|(run, steady)| run.counts = steady);
        for ProbedRun { result, moment, counts, .. } in found.runs {
            if moment == Moment::Any {
                self.all_ms.push(result.iter().sum());
                self.left_out += usize::from(!counts);
            }
            match counts {
                true => self.counted_ms.push(result),
                false => self.disturbed += 1,
            }
        }
        self.slowdown = self.slowdown.max(found.slowdown);
    }

    /// Quantiles of the latency of the whole network. `None` without runs.
    pub(crate) fn total(&self) -> Option<Quantiles> {
        let mut totals: Vec<f64> =
            self.counted_ms.iter().map(|run_ms| run_ms.iter().sum()).collect();
        Quantiles::of(&mut totals)
    }

    /// A sample for each distinct unit of the graph. The p50 of all units of the graph add up to the
    /// p50 of the network.
    pub(crate) fn units(&self, graph: &Graph) -> Vec<Sample> {
        let rows: Vec<Vec<(usize, f64)>> = self
            .counted_ms
            .iter()
            .map(|run_ms| run_ms.iter().copied().enumerate().collect())
            .collect();
        let mut times_ms: HashMap<PlacedUnit, Vec<f64>> = HashMap::new();
        for (row, slowdown) in rows.iter().zip(slowdowns(&rows)) {
            for &(place, ms) in row {
                times_ms.entry(graph.units[place].unit).or_default().push(ms / slowdown);
            }
        }
        let places = |unit| graph.units.iter().filter(|placed| placed.unit == unit).count() as f64;
        let sum_ms: f64 = times_ms
            .iter_mut()
            .map(|(&unit, times_ms)| places(unit) * median(times_ms).unwrap_or_default())
            .sum();
        let excess = self.total().map_or(1.0, |total| sum_ms / total.p50_ms);
        let sample = |(unit, mut times_ms): (PlacedUnit, Vec<f64>)| {
            let runs = times_ms.len();
            let latency = Quantiles::of(&mut times_ms)?.at_usual_speed(excess);
            Some(Sample { unit, latency, runs })
        };
        times_ms.into_iter().filter_map(sample).collect()
    }
}

/// A closure that runs a network and returns the time of each of its units in milliseconds.
fn clocked<'a>(
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
    use super::{Moment, ProbedRun, ProbedRuns, SampledRuns, steady_runs};

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
        let mut timed = SampledRuns::default();
        timed.add(ProbedRuns { runs, slowdown: 1.05 });
        assert_eq!(timed.counted_ms, vec![vec![4.0, 6.0]; 3]);
        assert_eq!(timed.all_ms, [10.0, 16.0, 16.0, 16.0]);
        assert_eq!((timed.left_out, timed.disturbed, timed.slowdown), (3, 3, 1.05));
    }
}
