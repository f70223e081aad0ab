//! The duration of a training step.

use std::time::Instant;

use search_space::Graph;

use crate::error::TrainingError;
use crate::model::Placement;
use crate::recipe::{Optimiser, Recipe};
use crate::run::Run;
use crate::trainer::check_batch;

/// Number of warm-up steps, which are not timed.
const WARM_UP_STEPS: usize = 3;
/// The forward pass takes about this share of the time of a training step.
pub const FORWARD_SHARE: f64 = 0.3;

/// The duration of a training step: forward pass, loss, backward pass and SGD, always on the same
/// images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTime {
    /// The median over the timed steps, in milliseconds.
    pub ms: f64,
    /// The loss before the last step.
    pub loss: f64,
}

/// Times `steps` training steps on a batch of `batch` pseudo-random images, after three warm-up
/// steps.
///
/// # Errors
/// [`TrainingError::Setting`]: no images, steps or threads. [`TrainingError::Diverged`]: a loss
/// that is not finite.
pub fn time_steps(
    graph: &Graph,
    placement: Placement,
    batch: usize,
    steps: usize,
    seed: u64,
) -> Result<StepTime, TrainingError> {
    for (place, value) in [("batch", batch), ("steps", steps)] {
        if value == 0 {
            return Err(TrainingError::setting(place, &0, "at least 1"));
        }
    }
    let recipe = Recipe {
        optimiser: Optimiser::SGD,
        learning_rate: 0.01,
        weight_decay: 0.0,
        clip_norm: None,
        ema_decay: None,
        label_smoothing: 0.0,
        warm_up_steps: 0,
        // Large enough that the learning rate practically does not decay.
        steps: u64::MAX,
    };
    check_batch(batch, graph.input().elements())?;
    let mut run = Run::new(graph, recipe, placement, seed)?;
    let images = noise(batch * graph.input().elements());
    let labels: Vec<u32> = (0..batch).map(|image| (image % graph.classes()) as u32).collect();
    let mut times_ms = Vec::new();
    let mut loss = 0.0;
    for step in 0..WARM_UP_STEPS + steps {
        let start = Instant::now();
        loss = run.step(&images, &labels)?;
        if step >= WARM_UP_STEPS {
            times_ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    times_ms.sort_unstable_by(f64::total_cmp);
    Ok(StepTime { ms: search_space::quantile(&times_ms, 0.5), loss })
}

/// Reproducible pseudo-random values from -1 to 1.
fn noise(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}
