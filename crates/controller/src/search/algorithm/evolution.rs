//! Regularised evolution (Real et al. 2019, "Regularized Evolution for Image Classifier
//! Architecture Search", Algorithm 1): parents are the best of a random sample of the population,
//! and the oldest member dies. Offspring are made by crossover of whole stages and a varying number
//! of mutations.
//!
//! The population grows with the number of trials: a few hundred trials of a small space are too
//! few for the population that thousands of trials need, and nobody has to choose its size.

use std::collections::VecDeque;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::{Domain, Genotype};

use super::offspring::make_offspring;
use crate::search::trial::Trial;

/// The initial size of the population, whose members are all drawn uniformly.
const MIN_POPULATION: usize = 30;
/// The maximum size of the population.
const MAX_POPULATION: usize = 400;
/// The number of trials for each member of the population.
const TRIALS_PER_MEMBER: usize = 5;

/// The population, oldest first, and all trials.
#[derive(Default)]
pub(super) struct Evolution {
    population: VecDeque<Trial>,
    pool: Vec<Trial>,
}

impl Evolution {
    pub(super) fn propose(
        &self,
        domain: &Domain,
        score: &dyn Fn(&Trial) -> f64,
        rng: &mut ChaCha8Rng,
    ) -> Genotype {
        if self.population.len() < MIN_POPULATION {
            return domain.sample(rng);
        }
        make_offspring(domain, |rng| &self.parent(score, rng).genotype, rng)
    }

    /// The best of a sample drawn with replacement, whose size is the square root of that of the
    /// population. The selection pressure is that of a sample of 20 in a population of 400.
    fn parent(&self, score: &dyn Fn(&Trial) -> f64, rng: &mut ChaCha8Rng) -> &Trial {
        let mut draw = || &self.population[rng.random_range(0..self.population.len())];
        let mut best = draw();
        for _ in 1..self.population.len().isqrt() {
            let other = draw();
            if score(other) > score(best) {
                best = other;
            }
        }
        best
    }

    pub(super) fn tell(&mut self, trials: &[Trial]) {
        self.pool.extend_from_slice(trials);
        self.population.extend(trials.iter().cloned());
        let surplus = self.population.len().saturating_sub(self.capacity());
        self.population.drain(..surplus);
    }

    /// The best trials of the pool become the population, with the best one as the youngest member.
    pub(super) fn reselect(&mut self, score: &dyn Fn(&Trial) -> f64) {
        let mut order: Vec<&Trial> = self.pool.iter().collect();
        order.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let best = &order[order.len().saturating_sub(self.capacity())..];
        self.population = best.iter().map(|trial| (*trial).clone()).collect();
    }

    fn capacity(&self) -> usize {
        (self.pool.len() / TRIALS_PER_MEMBER).clamp(MIN_POPULATION, MAX_POPULATION)
    }
}
