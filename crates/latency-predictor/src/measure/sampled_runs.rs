//! The timed runs of a network: which times of its units count, and the quantiles of those that do.

use std::collections::HashMap;

use search_space::{Graph, PlacedUnit};

use crate::measure::quantiles::{Quantiles, median, quantile};
use crate::measure::speed::slowdowns;
use crate::measure::undisturbed::{MAX_SLOWDOWN, Moment};
use crate::table::journal::Sample;

/// The time of a unit in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct UnitTime {
    pub(crate) ms: f64,
    /// Slowdown of the probe before or after the unit, whichever is larger.
    pub(crate) slowdown: f64,
}

/// The times of the units in a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TimedUnits {
    /// The period of the core's clock during the run as a ratio to its usual period. The processor
    /// changes it by up to a fifth, with its temperature and with what other cores do.
    pub(crate) clock: f64,
    /// The times, in order.
    pub(crate) times: Vec<UnitTime>,
}

/// A run of a network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClockedRun {
    /// Index of the copy of the network.
    pub(crate) copy: usize,
    pub(crate) moment: Moment,
    pub(crate) units: TimedUnits,
}

impl ClockedRun {
    /// The times of the units with their places.
    fn placed(&self) -> impl Iterator<Item = (usize, &UnitTime)> {
        self.units.times.iter().enumerate()
    }

    /// A time of this run at the usual clock of the core, in milliseconds.
    fn at_usual_clock(&self, time: &UnitTime) -> f64 {
        time.ms / self.units.clock
    }
}

/// The runs of a network.
#[derive(Debug)]
pub(crate) struct SampledRuns {
    /// For each run, the times of the units that were undisturbed in it, in milliseconds at the usual
    /// clock of the core, each with the place of its unit in the graph.
    counted: Vec<Vec<(usize, f64)>>,
    /// Latencies of the runs at any moment, in milliseconds.
    pub(crate) all_ms: Vec<f64>,
    /// Number of runs at any moment that were disturbed.
    pub(crate) left_out: usize,
    /// Number of runs.
    pub(crate) runs: usize,
    /// Slowdown of the probe at the most disturbed times that count, those of units with a
    /// [`MAX_DISTURBED_SHARE`] of the latency aside.
    pub(crate) slowdown: f64,
}

/// Minimum number of times of each unit that count, as a share of the wanted runs. If fewer were
/// undisturbed, the least disturbed ones count as well.
const MIN_SHARE: f64 = 0.25;
/// A unit whose time exceeds its usual time by more than this factor was disturbed, although the probe
/// was fast before and after it.
const MAX_UNIT_SLOWDOWN: f64 = 1.2;
/// Maximum share of a run's time in disturbed units for the run to be undisturbed.
const MAX_DISTURBED_SHARE: f64 = 0.1;
/// Minimum share of a run's time in undisturbed units for the run to tell the latency of the network.
const MIN_COUNTED_SHARE: f64 = 0.25;

impl SampledRuns {
    /// Chooses the times that count where `wanted` undisturbed runs were wanted. `None` without runs.
    pub(crate) fn of(runs: &[ClockedRun], wanted: usize) -> Option<Self> {
        let places = runs.first()?.units.times.len();
        let max_slowdowns: Vec<f64> =
            (0..places).map(|place| max_slowdown(runs, place, wanted)).collect();
        let quiet = |place: usize, time: &UnitTime| time.slowdown <= max_slowdowns[place];
        let mut usual_ms: HashMap<(usize, usize), Vec<f64>> = HashMap::new();
        for run in runs {
            for (place, time) in run.placed().filter(|(place, time)| quiet(*place, time)) {
                let ms = run.at_usual_clock(time);
                usual_ms.entry((run.copy, place)).or_default().push(ms);
            }
        }
        let usual_ms: HashMap<(usize, usize), f64> = usual_ms
            .into_iter()
            .filter_map(|(key, mut times_ms)| Some((key, quantile(&mut times_ms, 0.25)?)))
            .collect();
        let counts = |run: &ClockedRun, place: usize, time: &UnitTime| {
            let ms = run.at_usual_clock(time);
            let usual_ms = usual_ms.get(&(run.copy, place));
            quiet(place, time) && usual_ms.is_some_and(|usual| ms <= MAX_UNIT_SLOWDOWN * usual)
        };
        let (mut counted, mut all_ms, mut left_out) = (Vec::new(), Vec::new(), 0);
        for run in runs {
            let total_ms: f64 = run.units.times.iter().map(|time| time.ms).sum();
            let row: Vec<(usize, f64)> = (run.placed())
                .filter(|(place, time)| counts(run, *place, time))
                .map(|(place, time)| (place, run.at_usual_clock(time)))
                .collect();
            if run.moment == Moment::Any {
                all_ms.push(total_ms);
                let counted_ms = run.units.clock * row.iter().map(|(_, ms)| ms).sum::<f64>();
                left_out += usize::from(counted_ms < (1.0 - MAX_DISTURBED_SHARE) * total_ms);
            }
            counted.push(row);
        }
        let runs = runs.len();
        let mut sampled = Self { counted, all_ms, left_out, runs, slowdown: 1.0 };
        sampled.slowdown = sampled.usual_slowdown(&max_slowdowns);
        Some(sampled)
    }

    /// Runs of which only the whole was timed, all of which count.
    pub(crate) fn of_totals(all_ms: Vec<f64>) -> Self {
        let counted: Vec<_> = all_ms.iter().map(|&ms| vec![(0, ms)]).collect();
        let runs = all_ms.len();
        Self { counted, all_ms, left_out: 0, runs, slowdown: 1.0 }
    }

    /// The slowdown that the units with the largest ones exceed, if they have a small share of the
    /// latency.
    fn usual_slowdown(&self, max_slowdowns: &[f64]) -> f64 {
        let p50_ms = self.unit_p50_ms();
        let mut by_slowdown: Vec<(f64, f64)> = (max_slowdowns.iter().enumerate())
            .map(|(place, &slowdown)| (slowdown, p50_ms.get(&place).copied().unwrap_or_default()))
            .collect();
        by_slowdown.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let total_ms: f64 = p50_ms.values().sum();
        let mut above_ms = 0.0;
        for (slowdown, ms) in by_slowdown {
            above_ms += ms;
            if above_ms > MAX_DISTURBED_SHARE * total_ms {
                return slowdown;
            }
        }
        1.0
    }

    /// The median time of each unit by its place in the graph.
    fn unit_p50_ms(&self) -> HashMap<usize, f64> {
        let mut times_ms: HashMap<usize, Vec<f64>> = HashMap::new();
        for &(place, ms) in self.counted.iter().flatten() {
            times_ms.entry(place).or_default().push(ms);
        }
        let p50 = |(place, mut times_ms): (usize, Vec<f64>)| Some((place, median(&mut times_ms)?));
        times_ms.into_iter().filter_map(p50).collect()
    }

    /// The latency of the network in each run that tells it. Where some units were disturbed, it is
    /// what the others took, at the share of the latency that they usually have. On a machine that is
    /// so busy that no run tells the latency, it is the sum of what the units took in different runs.
    pub(crate) fn totals_ms(&self) -> Vec<f64> {
        let p50_ms = self.unit_p50_ms();
        let all_ms: f64 = p50_ms.values().sum();
        let total = |row: &Vec<(usize, f64)>| {
            let usual_ms: f64 = row.iter().filter_map(|(place, _)| p50_ms.get(place)).sum();
            let ms: f64 = row.iter().map(|(_, ms)| ms).sum();
            (usual_ms >= MIN_COUNTED_SHARE * all_ms).then(|| ms * all_ms / usual_ms)
        };
        let totals_ms: Vec<f64> = self.counted.iter().filter_map(total).collect();
        if totals_ms.is_empty() { vec![all_ms] } else { totals_ms }
    }

    /// A sample for each distinct unit of the graph. The p50 of all units of the graph add up to the
    /// p50 of the network.
    pub(crate) fn units(&self, graph: &Graph) -> Vec<Sample> {
        let mut times_ms: HashMap<PlacedUnit, Vec<f64>> = HashMap::new();
        for (row, slowdown) in self.counted.iter().zip(slowdowns(&self.counted)) {
            for &(place, ms) in row {
                times_ms.entry(graph.units[place].unit).or_default().push(ms / slowdown);
            }
        }
        let places = |unit| graph.units.iter().filter(|placed| placed.unit == unit).count() as f64;
        let sum_ms: f64 = times_ms
            .iter_mut()
            .map(|(&unit, times_ms)| places(unit) * median(times_ms).unwrap_or_default())
            .sum();
        let total = Quantiles::of(&mut self.totals_ms());
        let excess = total.map_or(1.0, |total| sum_ms / total.p50_ms);
        let sample = |(unit, mut times_ms): (PlacedUnit, Vec<f64>)| {
            let runs = times_ms.len();
            let latency = Quantiles::of(&mut times_ms)?.at_usual_speed(excess);
            Some(Sample { unit, latency, runs })
        };
        times_ms.into_iter().filter_map(sample).collect()
    }
}

/// The slowdown up to which times of the unit at `place` count.
fn max_slowdown(runs: &[ClockedRun], place: usize, wanted: usize) -> f64 {
    let mut slowdowns: Vec<f64> = runs.iter().map(|run| run.units.times[place].slowdown).collect();
    slowdowns.sort_unstable_by(f64::total_cmp);
    let least = ((MIN_SHARE * wanted as f64) as usize).min(slowdowns.len() - 1);
    slowdowns[least].max(MAX_SLOWDOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of one copy at a chosen moment, from times and slowdowns.
    fn run(times: &[(f64, f64)]) -> ClockedRun {
        let times = times.iter().map(|&(ms, slowdown)| UnitTime { ms, slowdown }).collect();
        ClockedRun { copy: 0, moment: Moment::Any, units: TimedUnits { clock: 1.0, times } }
    }

    fn p50_ms(sampled: &SampledRuns) -> f64 {
        Quantiles::of(&mut sampled.totals_ms()).unwrap().p50_ms
    }

    #[test]
    fn undisturbed_runs_all_count() {
        let runs = (0..8).map(|index| run(&[(1.0, 1.0), (2.0 + 0.01 * f64::from(index), 1.05)]));
        let sampled = SampledRuns::of(&runs.collect::<Vec<_>>(), 8).unwrap();
        assert_eq!((sampled.runs, sampled.left_out, sampled.slowdown), (8, 0, MAX_SLOWDOWN));
        let totals = sampled.totals_ms();
        assert_eq!(totals.len(), 8);
        assert!(
            totals.iter().zip(&sampled.all_ms).all(|(a, b)| (a - b).abs() < 1e-9),
            "{totals:?}"
        );
    }

    /// Every run is disturbed in one of its units, never in all of them. The undisturbed times of the
    /// units tell the latency nevertheless.
    #[test]
    fn runs_that_are_disturbed_in_part_count_in_part() {
        let usual = [4.0, 3.0, 2.0];
        let disturbed_in = |at: usize| {
            let times = usual.iter().enumerate();
            let times =
                times.map(|(place, &ms)| if place == at { (1.6 * ms, 1.6) } else { (ms, 1.0) });
            run(&times.collect::<Vec<_>>())
        };
        let sampled =
            SampledRuns::of(&(0..9).map(|index| disturbed_in(index % 3)).collect::<Vec<_>>(), 4);
        let sampled = sampled.unwrap();
        assert!((p50_ms(&sampled) - 9.0).abs() < 1e-9, "{:?}", sampled.totals_ms());
        assert_eq!((sampled.totals_ms().len(), sampled.left_out), (9, 9));
        assert!(sampled.all_ms.iter().all(|&ms| ms > 10.0));
        assert_eq!(sampled.slowdown, MAX_SLOWDOWN);
    }

    /// The probe is timed before and after a unit only. A unit that takes much longer than usual was
    /// disturbed meanwhile.
    #[test]
    fn units_slowed_in_their_middle_do_not_count() {
        let mut runs = vec![run(&[(1.0, 1.0), (2.0, 1.0)]); 6];
        runs.extend(vec![run(&[(1.0, 1.0), (3.2, 1.0)]); 5]);
        let sampled = SampledRuns::of(&runs, 11).unwrap();
        assert_eq!(sampled.left_out, 5);
        assert_eq!(p50_ms(&sampled), 3.0);
    }

    #[test]
    fn where_all_times_are_disturbed_the_least_disturbed_count() {
        let runs = (0..8).map(|index| 1.2 + 0.1 * f64::from(index));
        let runs = runs.map(|slowdown| run(&[(slowdown, slowdown), (2.0 * slowdown, slowdown)]));
        let sampled = SampledRuns::of(&runs.collect::<Vec<_>>(), 8).unwrap();
        assert!((sampled.slowdown - 1.4).abs() < 1e-9, "{}", sampled.slowdown);
        assert_eq!(sampled.totals_ms().len(), 3);
        assert!(sampled.slowdown > MAX_SLOWDOWN && sampled.left_out == 5);
    }

    /// The latency is that at the usual clock, those of all runs are what other programs see.
    #[test]
    fn times_are_those_at_the_usual_clock() {
        let at = |clock: f64| {
            let mut run = run(&[(2.0 * clock, 1.0), (4.0 * clock, 1.0)]);
            run.units.clock = clock;
            run
        };
        let sampled = SampledRuns::of(&[1.1, 1.0, 0.9, 1.1].map(at), 4).unwrap();
        assert!((p50_ms(&sampled) - 6.0).abs() < 1e-9, "{:?}", sampled.totals_ms());
        assert_eq!((sampled.left_out, sampled.totals_ms().len()), (0, 4));
        assert!((sampled.all_ms[0] - 6.6).abs() < 1e-9, "{:?}", sampled.all_ms);
    }

    /// Each run has one undisturbed unit among eight.
    #[test]
    fn where_no_run_tells_the_latency_the_units_do() {
        let runs = (0..8).map(|quiet| {
            let slowdown = |place: usize| if place == quiet { 1.0 } else { 1.7 };
            run(&(0..8).map(|place| (slowdown(place), slowdown(place))).collect::<Vec<_>>())
        });
        let sampled = SampledRuns::of(&runs.collect::<Vec<_>>(), 1).unwrap();
        assert_eq!(sampled.totals_ms(), [8.0]);
    }

    #[test]
    fn all_runs_are_those_at_any_moment() {
        let mut runs = vec![run(&[(10.0, 1.0)]); 3];
        runs.push(run(&[(16.0, 1.6)]));
        runs.push(ClockedRun { moment: Moment::Chosen, ..run(&[(11.0, 1.0)]) });
        let sampled = SampledRuns::of(&runs, 4).unwrap();
        assert_eq!(sampled.all_ms, [10.0, 10.0, 10.0, 16.0]);
        assert_eq!((sampled.left_out, sampled.totals_ms().len()), (1, 4));
        assert!(SampledRuns::of(&[], 4).is_none());
    }
}
