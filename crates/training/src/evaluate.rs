//! The accuracy and the loss of a network on a split of a data set.

use std::sync::Arc;

use dataset::{Augment, BatchSettings, Order, Samples, batches};
use kernels::training::{cross_entropy, smoothed_targets};

use crate::error::TrainingError;
use crate::model::Model;

/// Number of images in a batch from the loader.
const BATCH: usize = 256;
/// Number of classes that top-5 accuracy considers.
const GUESSES: usize = 5;

/// Accuracy and loss of a network on a split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Number of images.
    pub images: usize,
    /// Top-1 accuracy, a fraction: the share of the images whose class has the greatest logit.
    pub top1: f64,
    /// Top-5 accuracy, a fraction: the share of the images whose class is among the five greatest
    /// logits.
    pub top5: f64,
    /// Mean cross-entropy without label smoothing.
    pub loss: f64,
}

/// The evaluation of a network on one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleResult {
    /// Number of classes whose logit is greater than that of the correct class: 0 if the network is
    /// correct, and the number of all classes if that logit is NaN.
    pub rank: usize,
    /// Cross-entropy without label smoothing.
    pub loss: f64,
}

/// Evaluates a network on each image of a split, in order and with a central square crop, on
/// `threads` threads.
///
/// # Errors
/// No images, images that cannot be read, or images or labels that do not fit the network.
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

/// Evaluates a network on a split, with central square crops, on `threads` threads.
///
/// # Errors
/// As for [`sample_results`].
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
