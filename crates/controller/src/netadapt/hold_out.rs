//! The evaluation of a network on the hold-out, image by image, so that networks can be compared on
//! the same images.

use training::SampleResult;

/// The evaluation of a network on the hold-out.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldOutEvaluation {
    /// For each image, whether the network was correct.
    pub correct: Vec<bool>,
    /// The mean cross-entropy; infinite if the training diverged.
    pub loss: f64,
}

impl HoldOutEvaluation {
    /// The evaluation with these results on all images.
    pub fn of(results: &[SampleResult]) -> Self {
        let loss = results.iter().map(|result| result.loss).sum::<f64>();
        let correct = results.iter().map(|result| result.rank == 0).collect();
        let loss = loss / results.len().max(1) as f64;
        Self { correct, loss: if loss.is_nan() { f64::INFINITY } else { loss } }
    }

    /// The evaluation of a network whose training diverged.
    pub(super) fn diverged(images: usize) -> Self {
        Self { correct: vec![false; images], loss: f64::INFINITY }
    }

    /// Whether the network's training diverged.
    pub fn has_diverged(&self) -> bool {
        self.loss.is_infinite()
    }

    /// The share of the images on which the network was correct.
    pub fn accuracy(&self) -> f64 {
        let correct = self.correct.iter().filter(|&&correct| correct).count();
        correct as f64 / self.correct.len().max(1) as f64
    }

    /// Half the width of the 95 % confidence interval of the accuracy.
    pub fn interval(&self) -> f64 {
        let accuracy = self.accuracy();
        1.96 * (accuracy * (1.0 - accuracy) / self.correct.len().max(1) as f64).sqrt()
    }

    /// The standard error of the difference from another network's accuracy on the same images
    /// (McNemar).
    pub fn paired_error(&self, other: &Self) -> f64 {
        let pairs = || self.correct.iter().zip(&other.correct);
        let count = |a: bool, b: bool| pairs().filter(|pair| *pair == (&a, &b)).count() as f64;
        let (better, worse) = (count(true, false), count(false, true));
        let images = pairs().len().max(1) as f64;
        ((better + worse) - (better - worse).powi(2) / images).max(0.0).sqrt() / images
    }
}
