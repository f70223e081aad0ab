//! How long a training step takes.

use std::time::Instant;

use search_space::Graph;

use crate::error::TrainingError;
use crate::model::Placement;
use crate::recipe::{Optimiser, Recipe};
use crate::run::Run;

/// Steps before the first that is timed.
const WARM_UP_STEPS: usize = 3;

/// Timed training steps: forward, loss, backward and SGD, all on the same images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTime {
    /// The median step in milliseconds.
    pub ms: f64,
    /// The loss before the last step.
    pub loss: f64,
}

/// Times `steps` training steps on `batch` images of random-looking values, after three that are not timed.
///
/// # Errors
/// [`TrainingError::Setting`]: no images or no steps; a network that cannot be trained.
pub fn time_steps(
    graph: &Graph,
    placement: Placement,
    batch: usize,
    steps: usize,
    seed: u64,
) -> Result<StepTime, TrainingError> {
    for (place, value) in [("batch", batch), ("steps", steps)] {
        if value == 0 {
            return Err(TrainingError::setting(place, 0, "at least 1"));
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
        // So many that the learning rate hardly decreases.
        steps: u64::MAX,
    };
    let mut run = Run::new(graph, recipe, placement, seed)?;
    let images = noise(batch * graph.input().elements());
    let labels: Vec<u32> = (0..batch).map(|image| (image % graph.classes()) as u32).collect();
    let mut times_ms = Vec::with_capacity(steps);
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

/// Values in -1..1 that look random, the same every time.
fn noise(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}
