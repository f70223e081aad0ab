//! How often a network is right.

use std::sync::Arc;

use dataset::{Augment, BatchSettings, Order, Samples, batches};
use kernels::training::{cross_entropy, smoothed_targets};

use crate::error::TrainingError;
use crate::model::Model;

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
pub struct SampleResult {
    /// Classes with a greater logit than the right one's, 0 where the network is correct; all classes
    /// where that logit is no number.
    pub rank: usize,
    /// Cross-entropy, without label smoothing.
    pub loss: f64,
}

/// Looks at all images of a split in order, each in its central square, on `threads` threads.
///
/// # Errors
/// No images, or some that cannot be had or do not fit the network.
pub fn sample_results(
    model: &Model,
    samples: &Arc<Samples>,
    threads: usize,
) -> Result<Vec<SampleResult>, TrainingError> {
    let classes = model.graph().classes();
    let settings = BatchSettings {
        batch: BATCH,
        resolution: model.graph().input().resolution,
        augment: Augment::NONE,
        order: Order::Sequential,
        seed: 0,
    };
    let mut results = Vec::with_capacity(samples.len());
    let mut no_gradient = vec![0.0; classes];
    for batch in batches(samples, &settings, 0)? {
        let batch = batch?;
        let logits = model.logits(&batch.images, threads)?;
        if let Some(&label) = batch.labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        for (row, &label) in logits.chunks_exact(classes).zip(&batch.labels) {
            let label = label as usize;
            let target = smoothed_targets(&[label], classes, 0.0);
            let loss = cross_entropy(row, &target, classes, 0.0, &mut no_gradient);
            let rank = match row[label].is_nan() {
                true => classes,
                false => row.iter().filter(|&&logit| logit > row[label]).count(),
            };
            results.push(SampleResult { rank, loss });
        }
    }
    if results.is_empty() {
        return Err(TrainingError::Length {
            what: "images of the split",
            found: 0,
            expected: "at least 1".to_owned(),
        });
    }
    Ok(results)
}

/// Looks at all images of a split, each in its central square, on `threads` threads.
///
/// # Errors
/// As [`sample_results`].
pub fn evaluate(
    model: &Model,
    samples: &Arc<Samples>,
    threads: usize,
) -> Result<Evaluation, TrainingError> {
    let classes = model.graph().classes();
    let results = sample_results(model, samples, threads)?;
    let images = results.len();
    let within = |guesses: usize| {
        let correct = |result: &&SampleResult| result.rank < guesses && result.rank < classes;
        results.iter().filter(correct).count() as f64 / images as f64
    };
    let loss = results.iter().map(|result| result.loss).sum::<f64>() / images as f64;
    Ok(Evaluation { images, top1: within(1), top5: within(GUESSES), loss })
}
