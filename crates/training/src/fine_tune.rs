//! A short training from given weights, counted in steps.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use dataset::{BatchSettings, Samples, batches};
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::model::Placement;
use crate::recipe::Recipe;
use crate::run::Run;

/// What decides a short training, but for its network and weights: with the same settings all
/// networks see the same batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineTune {
    /// Its steps are those of the whole training.
    pub recipe: Recipe,
    /// Of the images.
    pub batches: BatchSettings,
    /// Number of the first epoch: what batches are made of, with the seed.
    pub first_epoch: u64,
}

/// Trains `weights` on one thread for the `part` of the recipe's steps: a later part goes on with the
/// learning rate, but not with the optimiser's memory of a part before. `None` where `stop` ends it.
///
/// # Errors
/// Weights or images that do not fit; a loss that is not finite.
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
