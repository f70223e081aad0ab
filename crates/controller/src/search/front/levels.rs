//! Levels of latency, with the parents and the progress of each.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::Genotype;

use super::step_front::StepFront;
use crate::search::reward::Target;
use crate::search::trial::Trial;

/// The ratio of the bounds of neighbouring levels, at most.
const RATIO: f64 = 1.1;
/// The minimum latency of a level's parents, as a share of its bound.
const MIN_SHARE: f64 = 0.8;
/// The number of parents of a level.
const PARENTS: usize = 10;
/// The share of parents that are taken from the level above.
const FROM_ABOVE: f64 = 0.25;
/// The weight of the past in the moving average of a level's gains.
const KEPT: f64 = 0.95;
/// The gain of a level that had no trial yet, and the maximum gain that counts.
const START: f64 = 0.01;
/// The share of the trials that are spread evenly.
const EVEN: f64 = 0.5;

/// The levels from the fastest to the slowest network.
pub(super) struct Levels {
    levels: Vec<Level>,
    front: StepFront,
}

struct Level {
    /// The maximum latency in milliseconds.
    bound_ms: f64,
    /// The most accurate networks within the bound and not much faster, most accurate first.
    parents: Vec<(f64, Genotype)>,
    /// The moving average of how much a trial of this level raises the front.
    gain: f64,
    /// The trials that the level had so far, each divided by the level's weight at that time.
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
            let first = self.of(latency_ms);
            let near = |level: &&mut Level| MIN_SHARE * level.bound_ms <= latency_ms;
            for level in self.levels[first..].iter_mut().take_while(near) {
                level.add(trial);
            }
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

    /// The level of each of the next trials. Levels take turns in proportion to their weights
    /// (stride scheduling).
    pub(super) fn shares(&mut self, count: usize) -> Vec<usize> {
        let mean = self.levels.iter().map(|level| level.gain).sum::<f64>() / self.levels.len() as f64;
        let weight = |level: &Level| EVEN + (1.0 - EVEN) * level.gain / mean.max(f64::MIN_POSITIVE);
        let mut chosen = Vec::with_capacity(count);
        for _ in 0..count {
            let cost = |level: &Level| level.spent + 1.0 / weight(level);
            let next = (0..self.levels.len())
                .min_by(|&a, &b| cost(&self.levels[a]).total_cmp(&cost(&self.levels[b])));
            let Some(next) = next else { break };
            self.levels[next].spent = cost(&self.levels[next]);
            chosen.push(next);
        }
        chosen
    }

    /// A parent for an offspring of this level; `None` if there are no trials with a latency.
    pub(super) fn parent(&self, level: usize, rng: &mut ChaCha8Rng) -> Option<&Genotype> {
        let level = if rng.random_bool(FROM_ABOVE) { level + 1 } else { level };
        let has_parents = |level: &&Level| !level.parents.is_empty();
        let (faster, slower) = self.levels.split_at(level.min(self.levels.len()));
        let below = faster.iter().rev().find(has_parents);
        let above = slower.iter().find(has_parents);
        let level = match (slower.first().filter(has_parents), below, above) {
            (Some(level), _, _) => level,
            (None, Some(below), Some(above)) => if rng.random_bool(0.5) { below } else { above },
            (None, below, above) => below.or(above)?,
        };
        // Of two draws, the more accurate network.
        let mut draw = || rng.random_range(0..level.parents.len());
        Some(&level.parents[draw().min(draw())].1)
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
