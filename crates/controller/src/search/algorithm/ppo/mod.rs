//! Proximal policy optimisation (Schulman et al. 2017) of an LSTM controller, as in MnasNet (Tan et
//! al. 2019, section 4.2): one token per choice, batches of 20, one epoch per batch, Adam.
//!
//! MnasNet's controller was trained on about 8,000 networks. Here there may be a few hundred
//! trials, each of a network that was not evaluated before. Two things are added to the method of
//! the paper:
//!
//! - **The best trials are replayed** after each batch by raising their likelihood, as in priority
//!   queue training (Abolafia et al. 2018). With the paper's learning rate and one step per batch,
//!   the weights can move by 0.009 in 500 trials, and the policy stays nearly uniform.
//! - **The temperature rises while draws are rejected.** A policy that has learnt proposes
//!   genotypes that were already evaluated or that miss the target. Each further round of draws for
//!   a batch has a higher temperature, so that the policy explores the surroundings of what it has
//!   learnt. In the loss, choices have the probability with which they were drawn, which is what
//!   the clipping is for when there is one epoch per batch.

mod learner;
pub mod loss;
pub mod policy;

use std::collections::HashMap;

use rand::rngs::ChaCha8Rng;
use search_space::{Domain, Genotype};

use super::BATCH;
use crate::search::trial::Trial;
use crate::statistics::mean;
use learner::Learner;
use loss::Experience;
use policy::Draw;

/// The decay of the baseline, a moving average of the batches' mean scores.
const BASELINE_KEPT: f64 = 0.95;
/// The number of best trials so far that are replayed.
const BEST: usize = BATCH;
/// The ratio of a round's temperature to that of the round before.
const WARMING: f64 = 1.1;

/// The controller with the trials that it was told.
pub(super) struct Ppo {
    seed: u64,
    option_counts: Vec<u8>,
    learner: Learner,
    /// The moving average of the batches' mean scores.
    baseline: Option<f64>,
    /// Draws of this round that were not proposed yet; the last one is proposed next.
    drawn: Vec<Draw>,
    temperature: f64,
    /// The genotypes proposed in this batch, with the log-probabilities of their draws.
    proposed: HashMap<Genotype, Vec<f64>>,
    pool: Vec<Trial>,
    /// The number of trials of the pool that the policy has learnt from.
    learnt: usize,
}

impl Ppo {
    pub(super) fn new(domain: &Domain, seed: u64) -> Self {
        let option_counts = domain.option_counts().to_vec();
        Self {
            learner: Learner::new(&option_counts, seed),
            seed,
            option_counts,
            baseline: None,
            drawn: Vec::new(),
            temperature: 1.0,
            proposed: HashMap::new(),
            pool: Vec::new(),
            learnt: 0,
        }
    }

    /// Learns from the trials that were told since the last batch. This happens here and not in
    /// `tell`, because only now is the score known that the next batch is for.
    pub(super) fn begin_batch(&mut self, score: &dyn Fn(&Trial) -> f64) {
        if !self.pool.is_empty() {
            let advantages = self.advantages(score);
            let experience = |(trial, advantage)| {
                let trial: &Trial = trial;
                let log_probabilities = self.proposed.get(&trial.genotype)?;
                Some(Experience { genotype: &trial.genotype, log_probabilities, advantage })
            };
            let batch = self.pool[self.learnt..].iter().zip(advantages).filter_map(experience);
            self.learner.learn(&batch.collect::<Vec<_>>(), &best(&self.pool, score));
        }
        self.learnt = self.pool.len();
        self.proposed.clear();
        self.drawn.clear();
        self.temperature = 1.0;
    }

    /// The advantages of the last batch: scores above the baseline, divided by their standard
    /// deviation.
    fn advantages(&mut self, score: &dyn Fn(&Trial) -> f64) -> Vec<f64> {
        let scores: Vec<f64> = self.pool[self.learnt..].iter().map(score).collect();
        if scores.is_empty() {
            return scores;
        }
        let centre = mean(scores.iter().copied());
        let baseline = self.baseline.unwrap_or(centre);
        self.baseline = Some(BASELINE_KEPT * baseline + (1.0 - BASELINE_KEPT) * centre);
        let deviation = mean(scores.iter().map(|score| (score - centre).powi(2))).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        scores.iter().map(|score| (score - baseline) / scale).collect()
    }

    pub(super) fn propose(&mut self, rng: &mut ChaCha8Rng) -> Genotype {
        if self.drawn.is_empty() {
            self.drawn = self.learner.draw(self.temperature, rng);
            self.temperature *= WARMING;
        }
        let Some(draw) = self.drawn.pop() else { return Genotype(Vec::new()) };
        // A genotype that is drawn again was rejected or already proposed, so its first draw
        // counts.
        self.proposed.entry(draw.genotype.clone()).or_insert(draw.log_probabilities);
        draw.genotype
    }

    pub(super) fn tell(&mut self, trials: &[Trial]) {
        self.pool.extend_from_slice(trials);
    }

    /// Starts learning another score, from new weights and the best trials of the pool by that
    /// score.
    pub(super) fn restart(&mut self) {
        self.learner = Learner::new(&self.option_counts, self.seed);
        self.baseline = None;
        self.learnt = self.pool.len();
    }
}

/// The genotypes of the best trials; of equal trials, the first.
fn best<'a>(pool: &'a [Trial], score: &dyn Fn(&Trial) -> f64) -> Vec<&'a Genotype> {
    let mut order: Vec<(f64, &Trial)> = pool.iter().map(|trial| (score(trial), trial)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.iter().take(BEST).map(|(_, trial)| &trial.genotype).collect()
}
