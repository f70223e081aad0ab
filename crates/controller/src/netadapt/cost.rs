//! An estimate of the time that an adaptation takes, from timed training steps.

use std::time::Instant;

use dataset::batches;
use search_space::axes;
use training::fit::FitPlan;
use training::{FORWARD_SHARE, Placement, TrainingError, time_steps};

use super::error::AdaptError;
use super::problem::AdaptSettings;
use super::store::Iteration;

/// The number of training steps that are timed.
const TIMED_STEPS: usize = 3;
/// The number of batches whose preparation is timed.
const TIMED_BATCHES: usize = 2;
/// An epoch that no training reaches, so that the timed batches are those of no training.
const TIMED_EPOCH: u64 = u64::MAX;
/// The expected time in seconds of the measurements of an iteration, until one is complete.
pub(super) const MEASURING_S: f64 = 8.0;
/// The cost of a training step of the adapted network and its baselines, relative to the seed's.
pub(super) const ADAPTED_SHARE: f64 = 0.8;
/// The mean latency reduction of an iteration, as a multiple of the minimum one: widths are
/// multiples of 8, and a proposal saves at least the minimum.
const EXPECTED_REDUCTION: f64 = 1.2;
/// The expected reduction counts as much as this number of iterations.
const EXPECTED_COUNT: f64 = 3.0;
/// Iterations are counted until the minimum reduction falls to this share of the seed's latency.
const MIN_REDUCTION: f64 = 1e-4;

/// The estimated time that an adaptation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptCost {
    /// The number of widths that can be narrowed, which is the number of proposals of an iteration.
    pub widths: usize,
    /// The estimated number of iterations.
    pub iterations: usize,
    /// The time in seconds that training on one image takes if all cores train.
    pub image_s: f64,
    /// The number of trained images that a proposal costs, its evaluations included.
    pub proposal_images: f64,
    /// The number of trained images that a training from scratch costs, its evaluations included.
    pub training_images: f64,
}

impl AdaptCost {
    /// Estimates the cost of an adaptation whose seed is trained according to `training` and has a
    /// latency of `seed_ms`. Trains a few steps on a copy and prepares a few batches.
    ///
    /// # Errors
    /// [`AdaptError`] if the seed cannot be trained.
    pub fn estimate(
        settings: &AdaptSettings,
        training: &FitPlan,
        seed_ms: f64,
    ) -> Result<Self, AdaptError> {
        let widths = axes(&training.deployed)?.iter().filter(|axis| axis.can_be_adapted()).count();
        let data = &training.data.dataset;
        let (steps, evaluations) = settings.schedule.mean_cost(settings.fine_tune.recipe.steps);
        let trained = steps * settings.fine_tune.batches.batch as f64;
        let hold_out = data.hold_out.len() as f64;
        let after_epoch = training.images_after_epoch() as f64;
        let epoch = data.train.len() as f64 + after_epoch * FORWARD_SHARE;
        let test = data.test.len() as f64 * FORWARD_SHARE;
        Ok(Self {
            widths,
            iterations: settings.iterations_left(seed_ms, &[]),
            image_s: image_seconds(training)? / settings.jobs as f64,
            proposal_images: trained + evaluations * hold_out * FORWARD_SHARE,
            training_images: epoch * training.epochs as f64 + test,
        })
    }

    /// The estimated time in seconds of the training of the seed.
    pub fn seed_s(&self) -> f64 {
        self.training_images * self.image_s
    }

    /// The estimated time in seconds of the iterations, with their trainings and measurements.
    pub fn iterations_s(&self) -> f64 {
        let trained = (self.iterations * self.widths) as f64 * self.proposal_images * self.image_s;
        trained + self.iterations as f64 * MEASURING_S
    }

    /// The estimated time in seconds of the final trainings with this number of seeds.
    pub fn final_trainings_s(&self, seeds: u64) -> f64 {
        scratch_trainings(seeds) * ADAPTED_SHARE * self.seed_s()
    }
}

/// The final trainings in units of a training from scratch: the adapted network and three baselines
/// for each seed, and a fine-tuning with half the epochs.
pub(super) fn scratch_trainings(seeds: u64) -> f64 {
    if seeds == 0 { 0.0 } else { 0.5 + 4.0 * seeds as f64 }
}

impl AdaptSettings {
    /// The estimated number of iterations after `iterations`, of which the seed is the first: each
    /// is expected to reduce the latency by the minimum times the mean ratio to the minimum so far.
    pub fn iterations_left(&self, seed_ms: f64, iterations: &[Iteration]) -> usize {
        let min_ms = |number: usize| self.delta * seed_ms * self.decay.powi(number as i32);
        let done = iterations.iter().filter(|iteration| iteration.number > 0);
        let ratios = done.map(|iteration| iteration.cut_ms / min_ms(iteration.number - 1));
        let count = EXPECTED_COUNT + ratios.clone().count() as f64;
        let ratio = (EXPECTED_REDUCTION * EXPECTED_COUNT + ratios.sum::<f64>()) / count;
        let mut number = iterations.last().map_or(0, |last| last.number);
        let mut left_ms =
            iterations.last().map_or(seed_ms, |last| last.latency_ms) - self.target_ms;
        let mut left = 0;
        while left_ms > 0.0 && min_ms(number) > MIN_REDUCTION * seed_ms {
            left_ms -= ratio * min_ms(number);
            number += 1;
            left += 1;
        }
        left
    }
}

/// The time in seconds that one core takes to prepare an image of the seed's training variant and
/// to train on it.
fn image_seconds(training: &FitPlan) -> Result<f64, TrainingError> {
    let placement = Placement { threads: 1, ..training.placement.clone() };
    let batch = training.batches.batch;
    let time = time_steps(&training.variant.lower()?, placement, batch, TIMED_STEPS, 0)?;
    let start = Instant::now();
    let train = &training.data.dataset.train;
    let mut prepared = 0;
    for batch in batches(train, &training.batches, TIMED_EPOCH)?.take(TIMED_BATCHES) {
        prepared += batch?.labels.len();
    }
    // All threads prepare a batch together.
    let threads = training.placement.threads as f64;
    let preparation_s = start.elapsed().as_secs_f64() * threads / prepared.max(1) as f64;
    Ok(time.ms / 1e3 / batch as f64 + preparation_s)
}
