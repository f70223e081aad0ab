//! Fine-tuning: a short training from given weights, measured in steps.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use dataset::{BatchSettings, Samples, batches};
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::model::Placement;
use crate::recipe::Recipe;
use crate::run::Run;

/// The settings of a fine-tuning. With the same settings, all networks are trained on the same
/// batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineTune {
    /// Recipe; its steps are those of the whole fine-tuning.
    pub recipe: Recipe,
    /// How batches are made.
    pub batches: BatchSettings,
    /// Number of the first epoch, which together with the seed decides the batches.
    pub first_epoch: u64,
}

/// Fine-tunes `weights` for the steps `part` of the recipe. A later part continues the learning
/// rate schedule, but starts with fresh optimiser state. Returns `None` if `stop` breaks.
///
/// # Errors
/// Weights or images that do not fit the network; a loss that is not finite.
pub fn fine_tune(
    graph: &Graph,
    weights: &Weights,
    samples: &Arc<Samples>,
    (settings, placement): (&FineTune, &Placement),
    part: Range<u64>,
    stop: &dyn Fn() -> ControlFlow<()>,
) -> Result<Option<Run>, TrainingError> {
    let mut run = Run::new(graph, settings.recipe, placement.clone(), settings.batches.seed)?;
    run.start_from(weights)?;
    run.step = part.start;
    let mut epoch = settings.first_epoch;
    while run.steps_done() < part.end {
        let left = (part.end - run.steps_done()) as usize;
        for batch in batches(samples, &settings.batches, epoch)?.take(left) {
            let batch = batch?;
            run.step(&batch.images, &batch.labels)?;
            if stop().is_break() {
                return Ok(None);
            }
        }
        epoch += 1;
    }
    Ok(Some(run))
}
