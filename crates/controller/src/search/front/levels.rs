//! Levels of latency, with the parents and the progress of each.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::Genotype;

use super::step_front::StepFront;
use crate::search::reward::Target;
use crate::search::trial::Trial;

/// The ratio of the bounds of neighbouring levels, at most.
const RATIO: f64 = 1.1;
/// The number of parents of a level.
const PARENTS: usize = 8;
/// The share of parents that are of the offspring's own level. The others are drawn from the levels
/// nearby, itself among them.
const OWN: f64 = 0.4;
/// The number of faster levels that are nearby.
const BELOW: usize = 3;
/// The number of slower levels that are nearby.
const ABOVE: usize = 2;
/// The weight of the past in the moving average of a level's gains.
const KEPT: f64 = 0.95;
/// The gain of a level that had no trial yet, and the maximum gain that counts.
const START: f64 = 0.01;
/// What a draw costs a level, in trials.
const DRAW: f64 = 0.05;
/// The share of the trials that are spread evenly.
const EVEN: f64 = 0.8;

/// The levels from the fastest to the slowest network.
pub(super) struct Levels {
    levels: Vec<Level>,
    front: StepFront,
}

struct Level {
    /// The maximum latency in milliseconds.
    bound_ms: f64,
    /// The most accurate networks of the level, most accurate first.
    parents: Vec<(f64, Genotype)>,
    /// The moving average of how much a trial of this level raises the front.
    gain: f64,
    /// The trials and draws that the level had, each divided by the level's weight at that time.
    spent: f64,
}

impl Levels {
    /// The levels between the ends of the range of latencies.
    pub(super) fn new(range_ms: impl Iterator<Item = f64>, targets: &[Target]) -> Self {
        let mut bounds: Vec<f64> = range_ms.filter(|ms| *ms > 0.0).collect();
        bounds.sort_by(f64::total_cmp);
        let inside = |ms: &f64| bounds.first() < Some(ms) && Some(ms) < bounds.last();
        let targets: Vec<f64> = targets.iter().map(|target| target.ms()).filter(inside).collect();
        bounds.extend(targets);
        bounds.sort_by(f64::total_cmp);
        let between = |pair: &[f64]| {
            let (start, ratio) = (pair[0], pair[1] / pair[0]);
            let count = (ratio.ln() / RATIO.ln()).ceil().max(1.0);
            let bound = move |step: u32| start * ratio.powf(f64::from(step) / count);
            // The last bound is the target itself, without a rounding error.
            (1..count as u32).map(bound).chain([pair[1]]).collect::<Vec<f64>>()
        };
        let mut bounds_ms: Vec<f64> = bounds.windows(2).flat_map(between).collect();
        if bounds_ms.is_empty() {
            bounds_ms.push(f64::INFINITY);
        }
        let level = |bound_ms| Level { bound_ms, parents: Vec::new(), gain: START, spent: 0.0 };
        Self { levels: bounds_ms.into_iter().map(level).collect(), front: StepFront::default() }
    }

    /// Adds trials of other phases.
    pub(super) fn add(&mut self, trials: &[Trial]) {
        for trial in trials {
            let Some(latency_ms) = trial.latency_ms else { continue };
            self.front.add(latency_ms, trial.estimate.accuracy);
            let level = self.of(latency_ms);
            self.levels[level].add(trial);
        }
    }

    /// Adds trials of the phase, whose gains decide where the next ones go.
    pub(super) fn tell(&mut self, trials: &[Trial]) {
        for trial in trials {
            let Some(latency_ms) = trial.latency_ms else { continue };
            let before = self.front.within(latency_ms).unwrap_or(0.0);
            let gain = (trial.estimate.accuracy - before).clamp(0.0, START);
            let level = self.of(latency_ms);
            let level = &mut self.levels[level];
            level.gain = KEPT * level.gain + (1.0 - KEPT) * gain;
            self.add(std::slice::from_ref(trial));
        }
    }

    /// The level of a latency: the first whose bound it keeps, or the last.
    pub(super) fn of(&self, latency_ms: f64) -> usize {
        let slower = self.levels.partition_point(|level| level.bound_ms < latency_ms);
        slower.min(self.levels.len() - 1)
    }

    /// A parent of some level; `None` if there are no trials with a latency.
    pub(super) fn any_parent(&self) -> Option<&Genotype> {
        self.levels.iter().find_map(|level| level.parents.first()).map(|(_, genotype)| genotype)
    }

    /// The level that the next draw is for: the one that is furthest behind its share. Levels take
    /// turns in proportion to their weights (stride scheduling).
    pub(super) fn next(&mut self) -> usize {
        let furthest =
            |&a: &usize, &b: &usize| self.levels[a].spent.total_cmp(&self.levels[b].spent);
        let next = (0..self.levels.len()).min_by(furthest).unwrap_or(0);
        // A level that is hard to reach must not hold up the others.
        self.charge(next, DRAW);
        next
    }

    /// Whether a level may have a trial although the draw was for `for_level`: it may if it is not
    /// ahead of that one, and is charged for the trial.
    pub(super) fn take(&mut self, level: usize, for_level: usize) -> bool {
        let taken = self.levels[level].spent <= self.levels[for_level].spent;
        if taken {
            self.charge(level, 1.0);
        }
        taken
    }

    fn charge(&mut self, level: usize, trials: f64) {
        let count = self.levels.len() as f64;
        let mean = self.levels.iter().map(|level| level.gain).sum::<f64>() / count;
        let level = &mut self.levels[level];
        let promise = level.gain / mean.max(f64::MIN_POSITIVE);
        level.spent += trials / (EVEN + (1.0 - EVEN) * promise);
    }

    /// A parent for an offspring of this level, from this level or one nearby; `None` if there are
    /// no trials with a latency.
    pub(super) fn parent(&self, level: usize, rng: &mut ChaCha8Rng) -> Option<&Genotype> {
        let first = level.saturating_sub(BELOW);
        let last = (level + ABOVE).min(self.levels.len() - 1);
        let nearby = if rng.random_bool(OWN) { level } else { rng.random_range(first..=last) };
        let has_parents = |level: &&Level| !level.parents.is_empty();
        let (faster, slower) = self.levels.split_at(nearby);
        let below = faster.iter().rev().find(has_parents);
        let above = slower.iter().find(has_parents);
        let level = match (slower.first().filter(has_parents), below, above) {
            (Some(level), _, _) => level,
            (None, Some(below), Some(above)) => {
                if rng.random_bool(0.5) {
                    below
                } else {
                    above
                }
            }
            (None, below, above) => below.or(above)?,
        };
        // Of three draws, the most accurate network.
        let mut draw = || rng.random_range(0..level.parents.len());
        Some(&level.parents[draw().min(draw()).min(draw())].1)
    }
}

impl Level {
    fn add(&mut self, trial: &Trial) {
        let accuracy = trial.estimate.accuracy;
        let place = self.parents.partition_point(|parent| parent.0 >= accuracy);
        if place < PARENTS {
            self.parents.insert(place, (accuracy, trial.genotype.clone()));
            self.parents.truncate(PARENTS);
        }
    }
}
