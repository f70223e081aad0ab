//! The policy with its optimisers.

use candle_core::{DType, Result};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::rngs::ChaCha8Rng;
use search_space::Genotype;

use super::loss::{Experience, clipped_loss, imitation_loss};
use super::policy::{Draw, Policy};
use crate::random::{Purpose, rng};

/// The learning rate on the last batch.
const LEARNING_RATE: f64 = 3.5e-4;
/// The learning rate on the best trials.
const REPLAY_LEARNING_RATE: f64 = 3.5e-3;
/// The number of optimiser steps on the best trials after each batch.
const REPLAYS: usize = 4;
/// The number of genotypes that are drawn at a time.
const ROUND: usize = 32;

const FITS: &str = "shapes follow from the space, and a controller takes a megabyte";

/// A policy that learns; `None` for a space without choices.
pub(super) struct Learner(Option<Trained>);

struct Trained {
    policy: Policy,
    on_batch: AdamW,
    on_best: AdamW,
}

impl Learner {
    pub(super) fn new(option_counts: &[u8], seed: u64) -> Self {
        let trained = (!option_counts.is_empty()).then(|| Trained::new(option_counts, seed));
        Self(trained.transpose().expect(FITS))
    }

    /// Draws some genotypes; none if there are no choices.
    pub(super) fn draw(&self, temperature: f64, rng: &mut ChaCha8Rng) -> Vec<Draw> {
        let Some(trained) = &self.0 else { return Vec::new() };
        trained.policy.sample(ROUND, temperature, rng).expect(FITS)
    }

    /// Trains one epoch on the last batch, then replays the best trials.
    pub(super) fn learn(&mut self, batch: &[Experience<'_>], best: &[&Genotype]) {
        if let Some(trained) = &mut self.0 {
            trained.learn(batch, best).expect(FITS);
        }
    }
}

impl Trained {
    fn new(option_counts: &[u8], seed: u64) -> Result<Self> {
        let mut rng = rng(seed, Purpose::PpoWeights, 0);
        let policy = Policy::new(option_counts, DType::F32, &mut rng)?;
        let adam = |lr: f64| {
            let parameters = policy.parameters().to_vec();
            AdamW::new(parameters, ParamsAdamW { lr, weight_decay: 0.0, ..Default::default() })
        };
        Ok(Self { on_batch: adam(LEARNING_RATE)?, on_best: adam(REPLAY_LEARNING_RATE)?, policy })
    }

    fn learn(&mut self, batch: &[Experience<'_>], best: &[&Genotype]) -> Result<()> {
        if !batch.is_empty() {
            self.on_batch.backward_step(&clipped_loss(&self.policy, batch)?)?;
        }
        for _ in 0..REPLAYS {
            self.on_best.backward_step(&imitation_loss(&self.policy, best)?)?;
        }
        Ok(())
    }
}
