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

/// What a network made of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Classes with a greater logit than the right one's; all, where that is no number.
    pub greater: usize,
    /// Cross-entropy, without label smoothing.
    pub loss: f64,
}

/// Looks at all images of a split in order, each in its central square.
///
/// # Errors
/// No images, or some that cannot be had or do not fit the network.
pub fn verdicts(
    trainer: &mut Trainer,
    samples: &Arc<Samples>,
) -> Result<Vec<Verdict>, TrainingError> {
    let classes = trainer.graph().classes();
    let settings = BatchSettings {
        batch: BATCH,
        resolution: trainer.graph().input().resolution,
        augment: Augment::NONE,
        order: Order::Sequential,
        seed: 0,
    };
    let mut verdicts = Vec::with_capacity(samples.len());
    let mut no_gradient = vec![0.0; classes];
    for batch in batches(samples, &settings, 0)? {
        let batch = batch?;
        let logits = trainer.logits(&batch.images)?;
        if let Some(&label) = batch.labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        for (row, &label) in logits.chunks_exact(classes).zip(&batch.labels) {
            let label = label as usize;
            let target = smoothed_targets(&[label], classes, 0.0);
            let loss = cross_entropy(row, &target, classes, 0.0, &mut no_gradient);
            let greater = match row[label].is_nan() {
                true => classes,
                false => row.iter().filter(|&&logit| logit > row[label]).count(),
            };
            verdicts.push(Verdict { greater, loss });
        }
    }
    if verdicts.is_empty() {
        return Err(TrainingError::Length {
            what: "images of the split",
            found: 0,
            allowed: "1 and more".to_owned(),
        });
    }
    Ok(verdicts)
}

/// Looks at all images of a split, each in its central square.
///
/// # Errors
/// As [`verdicts`].
pub fn evaluate(
    trainer: &mut Trainer,
    samples: &Arc<Samples>,
) -> Result<Evaluation, TrainingError> {
    let classes = trainer.graph().classes();
    let verdicts = verdicts(trainer, samples)?;
    let images = verdicts.len();
    let within = |guesses: usize| {
        let right = |v: &&Verdict| v.greater < guesses && v.greater < classes;
        verdicts.iter().filter(right).count() as f64 / images as f64
    };
    let loss = verdicts.iter().map(|verdict| verdict.loss).sum::<f64>() / images as f64;
    Ok(Evaluation { images, top1: within(1), top5: within(GUESSES), loss })
}
