//! Regularised evolution: parents are the best of a random sample of the population, and the oldest
//! member dies (Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search",
//! Algorithm 1), with crossover of whole stages and a varying number of mutations.

use std::collections::VecDeque;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};
use search_space::{Genotype, SearchSpace};

use crate::trial::Trial;

/// Members of the population.
const POPULATION: usize = 400;
/// Members drawn to find a parent.
const TOURNAMENT: usize = 20;
/// Share of children that have two parents, stage by stage.
const CROSSOVER: f64 = 0.5;
/// Probability of each further mutation: a pair of changes can make one stage cheaper and another
/// better, which near the target no single change can.
const FURTHER_MUTATION: f64 = 0.3;
/// Share of mutations that draw a whole stage anew: its choices depend on each other.
const STAGE_MUTATION: f64 = 0.3;

/// The population, oldest first, and all that was ever told.
#[derive(Default)]
pub(super) struct Evolution {
    population: VecDeque<Trial>,
    pool: Vec<Trial>,
}

impl Evolution {
    pub(super) fn propose(
        &self,
        space: &SearchSpace,
        score: &dyn Fn(&Trial) -> f64,
        rng: &mut ChaCha8Rng,
    ) -> Genotype {
        if self.population.len() < POPULATION {
            return space.sample(rng);
        }
        let groups = space.choice_groups();
        let mut child = self.parent(score, rng).genotype.clone();
        if rng.random_bool(CROSSOVER) {
            let other = &self.parent(score, rng).genotype;
            for group in &groups {
                if rng.random_bool(0.5) {
                    group.iter().for_each(|&choice| child.0[choice] = other.0[choice]);
                }
            }
        }
        loop {
            if rng.random_bool(STAGE_MUTATION) {
                let fresh = space.sample(rng);
                let group = &groups[rng.random_range(0..groups.len())];
                group.iter().for_each(|&choice| child.0[choice] = fresh.0[choice]);
            } else {
                child = space.mutate(&child, rng);
            }
            if !rng.random_bool(FURTHER_MUTATION) {
                return child;
            }
        }
    }

    /// The best of a sample drawn with replacement.
    fn parent(&self, score: &dyn Fn(&Trial) -> f64, rng: &mut impl Rng) -> &Trial {
        let mut draw = || &self.population[rng.random_range(0..self.population.len())];
        let mut best = draw();
        for _ in 1..TOURNAMENT {
            let other = draw();
            if score(other) > score(best) {
                best = other;
            }
        }
        best
    }

    pub(super) fn tell(&mut self, trial: Trial) {
        self.pool.push(trial.clone());
        self.population.push_back(trial);
        if self.population.len() > POPULATION {
            self.population.pop_front();
        }
    }

    /// The population becomes the best of the pool, the best youngest.
    pub(super) fn reselect(&mut self, score: &dyn Fn(&Trial) -> f64) {
        let mut order: Vec<&Trial> = self.pool.iter().collect();
        order.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let best = &order[order.len().saturating_sub(POPULATION)..];
        self.population = best.iter().map(|trial| (*trial).clone()).collect();
    }
}
