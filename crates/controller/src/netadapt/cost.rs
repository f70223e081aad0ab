//! An estimate of the maximum cost of an adaptation, from timed training steps.

use search_space::axes;
use training::fit::FitPlan;
use training::{Placement, TrainingError, time_steps};

use super::error::AdaptError;
use super::problem::AdaptSettings;

/// The number of training steps that are timed.
const TIMED_STEPS: usize = 3;
/// The forward pass takes this share of the time of a training step.
const FORWARD_SHARE: f64 = 0.3;
/// Iterations are counted until the minimum reduction falls to this share of the seed's latency.
const MIN_REDUCTION: f64 = 1e-4;

/// The estimated maximum cost of an adaptation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptCost {
    /// The number of widths that can be narrowed, which is the number of proposals of an iteration.
    pub widths: usize,
    /// The maximum number of iterations.
    pub iterations: usize,
    /// The time that the iterations take, in seconds.
    pub iterations_s: f64,
    /// The time that a training from scratch takes, in seconds.
    pub training_s: f64,
}

impl AdaptCost {
    /// Estimates the cost of an adaptation whose seed is trained according to `training` and has a
    /// latency of `seed_ms`.
    ///
    /// # Errors
    /// [`AdaptError`] if the seed cannot be trained.
    pub fn estimate(
        settings: &AdaptSettings,
        training: &FitPlan,
        seed_ms: f64,
    ) -> Result<Self, AdaptError> {
        let widths = axes(&training.deployed)?.iter().filter(|axis| axis.can_be_adapted()).count();
        let image_s = image_seconds(training)?;
        let (steps, evaluations) = settings.schedule.mean_cost(settings.fine_tune.recipe.steps);
        let hold_out = training.data.dataset.hold_out.len() as f64;
        let trained = steps * settings.fine_tune.batches.batch as f64;
        let proposal_s = (trained + evaluations * hold_out * FORWARD_SHARE) * image_s;
        let iterations = max_iterations(settings, seed_ms);
        let jobs = settings.jobs as f64;
        let images = training.data.dataset.train.len() as f64 * training.epochs as f64;
        Ok(Self {
            widths,
            iterations,
            iterations_s: (iterations * widths) as f64 * proposal_s / jobs,
            training_s: images * image_s / jobs,
        })
    }
}

/// The number of iterations if each reduces the latency by no more than the minimum.
fn max_iterations(settings: &AdaptSettings, seed_ms: f64) -> usize {
    let (mut left_ms, mut iterations) = (seed_ms - settings.target_ms, 0);
    let mut cut_ms = settings.delta * seed_ms;
    while left_ms > 0.0 && cut_ms > MIN_REDUCTION * seed_ms {
        left_ms -= cut_ms;
        cut_ms *= settings.decay;
        iterations += 1;
    }
    iterations
}

/// The time in seconds that training on one image of the seed's training variant takes on one
/// thread.
fn image_seconds(training: &FitPlan) -> Result<f64, TrainingError> {
    let placement = Placement { threads: 1, ..training.placement.clone() };
    let batch = training.batches.batch;
    let time = time_steps(&training.variant.lower()?, placement, batch, TIMED_STEPS, 0)?;
    Ok(time.ms / 1e3 / batch as f64)
}
