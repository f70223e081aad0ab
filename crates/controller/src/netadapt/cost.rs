//! What an adaptation takes at most, from timed training steps.

use search_space::axes;
use training::fit::FitPlan;
use training::{Placement, TrainingError, time_steps};

use super::error::AdaptError;
use super::problem::AdaptSettings;

/// Training steps that are timed.
const TIMED_STEPS: usize = 3;
/// The forward pass takes this share of a training step.
const FORWARD_SHARE: f64 = 0.3;
/// Latency reductions below this share of the seed's latency are never reached.
const MIN_REDUCTION: f64 = 1e-4;

/// What an adaptation takes at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptCost {
    /// Widths that can be narrowed: proposals of an iteration.
    pub widths: usize,
    /// Iterations.
    pub iterations: usize,
    /// Seconds of the iterations.
    pub iterations_s: f64,
    /// Seconds of a training from scratch.
    pub training_s: f64,
}

impl AdaptCost {
    /// The cost of an adaptation whose seed is trained as `training` says and takes `seed_ms`.
    ///
    /// # Errors
    /// [`AdaptError`]: a seed that cannot be trained.
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

/// The number of iterations if each reduces the latency by no more than is demanded.
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

/// Seconds of training on one thread for an image of the seed's training variant.
fn image_seconds(training: &FitPlan) -> Result<f64, TrainingError> {
    let placement = Placement { threads: 1, ..training.placement.clone() };
    let batch = training.batches.batch;
    let time = time_steps(&training.variant.lower()?, placement, batch, TIMED_STEPS, 0)?;
    Ok(time.ms / 1e3 / batch as f64)
}
