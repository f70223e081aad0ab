//! How often a network is right.

use std::sync::Arc;

use dataset::{Augment, BatchSettings, Order, Samples, batches};
use kernels::training::{cross_entropy, smoothed_targets};

use crate::error::TrainingError;
use crate::trainer::Trainer;

/// Images looked at between two hand-overs from the loader.
const BATCH: usize = 256;
/// The guesses of top-5 accuracy.
const GUESSES: usize = 5;

/// How often a network is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Images looked at.
    pub images: usize,
    /// Share of the images whose class has the greatest logit, 0 to 1.
    pub top1: f64,
    /// Share of the images whose class is among the five greatest, 0 to 1.
    pub top5: f64,
    /// Mean cross-entropy, without label smoothing.
    pub loss: f64,
}

/// Looks at all images of a split, each in its central square.
///
/// # Errors
/// No images, or some that cannot be had or do not fit the network.
pub fn evaluate(
    trainer: &mut Trainer,
    samples: &Arc<Samples>,
) -> Result<Evaluation, TrainingError> {
    let classes = trainer.graph().classes();
    let settings = BatchSettings {
        batch: BATCH,
        resolution: trainer.graph().input().resolution,
        augment: Augment::NONE,
        order: Order::Sequential,
        seed: 0,
    };
    let (mut images, mut loss, mut right) = (0, 0.0, [0_usize; 2]);
    for batch in batches(samples, &settings, 0)? {
        let batch = batch?;
        let logits = trainer.logits(&batch.images)?;
        let labels: Vec<usize> = batch.labels.iter().map(|&label| label as usize).collect();
        if let Some(&label) = batch.labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        let targets = smoothed_targets(&labels, classes, 0.0);
        loss += cross_entropy(&logits, &targets, classes, 0.0, &mut vec![0.0; logits.len()]);
        images += labels.len();
        for (row, &label) in logits.chunks_exact(classes).zip(&labels) {
            if row[label].is_nan() {
                continue;
            }
            let better = row.iter().filter(|&&logit| logit > row[label]).count();
            right[0] += usize::from(better < 1);
            right[1] += usize::from(better < GUESSES);
        }
    }
    if images == 0 {
        return Err(TrainingError::Length {
            what: "images of the split",
            found: 0,
            allowed: "1 and more".to_owned(),
        });
    }
    let share = |count: usize| count as f64 / images as f64;
    Ok(Evaluation {
        images,
        top1: share(right[0]),
        top5: share(right[1]),
        loss: loss / images as f64,
    })
}
