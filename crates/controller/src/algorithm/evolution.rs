//! Regularised evolution: parents are the best of a random sample of the population, and the oldest
//! member dies (Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search",
//! Algorithm 1), with crossover of whole stages and a varying number of mutations.
//!
//! The population grows with the trials told: a few hundred trials of a small space are too few for
//! a population that thousands of trials need, and nobody has to choose it. Once enough was told, a
//! model of accuracy chooses among many children the one that becomes a trial.

use std::collections::VecDeque;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, SearchSpace};

use super::breed::breed;
use super::screen::Model;
use crate::trial::{Estimate, Half, Trial};

/// Members of the population at first, all drawn uniformly.
const FEWEST: usize = 30;
/// Members of the population at last.
const MOST: usize = 400;
/// Trials told for each member.
const TRIALS_PER_MEMBER: usize = 5;

/// Trials told before the first model, and between two at least.
const TO_LEARN: usize = 40;
/// The model is fitted anew when the trials have grown by this share.
const GROWTH: f64 = 0.1;
/// Children among which a model chooses.
const CHILDREN: usize = 32;

/// The population, oldest first, and all that was ever told.
#[derive(Default)]
pub(super) struct Evolution {
    population: VecDeque<Trial>,
    pool: Vec<Trial>,
    model: Option<Model>,
    /// Trials told when the model is to be fitted.
    learn_at: usize,
}

impl Evolution {
    /// Fits the model to what was told, now and then.
    pub(super) fn begin_batch(&mut self, score: &dyn Fn(&Trial) -> f64) {
        let told = self.pool.len();
        if told >= self.learn_at.max(TO_LEARN) {
            self.model = Model::fit(&self.pool, score);
            self.learn_at = told + TO_LEARN.max((GROWTH * told as f64) as usize);
        }
    }

    pub(super) fn children(&self) -> usize {
        if self.model.is_some() { CHILDREN } else { 1 }
    }

    /// The score of a child with the accuracy that the model predicts.
    pub(super) fn promise(
        &self,
        genotype: &Genotype,
        latency_ms: f64,
        score: &dyn Fn(&Trial) -> f64,
    ) -> f64 {
        let accuracy = self.model.as_ref().map_or(0.0, |model| model.accuracy(genotype));
        let estimate = Estimate { accuracy, standard_error: 0.0 };
        let genotype = genotype.clone();
        score(&Trial { genotype, latency_ms, estimate, reward: f64::NAN, half: Half::Target })
    }

    pub(super) fn propose(
        &self,
        space: &SearchSpace,
        score: &dyn Fn(&Trial) -> f64,
        rng: &mut ChaCha8Rng,
    ) -> Genotype {
        if self.population.len() < FEWEST {
            return space.sample(rng);
        }
        breed(space, |rng| &self.parent(score, rng).genotype, rng)
    }

    /// The best of a sample drawn with replacement, as large as the root of the population: the
    /// pressure that 20 of 400 have.
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

    /// The population becomes the best of the pool, the best youngest.
    pub(super) fn reselect(&mut self, score: &dyn Fn(&Trial) -> f64) {
        let mut order: Vec<&Trial> = self.pool.iter().collect();
        order.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let best = &order[order.len().saturating_sub(self.capacity())..];
        self.population = best.iter().map(|trial| (*trial).clone()).collect();
        self.learn_at = 0;
    }

    fn capacity(&self) -> usize {
        (self.pool.len() / TRIALS_PER_MEMBER).clamp(FEWEST, MOST)
    }
}
