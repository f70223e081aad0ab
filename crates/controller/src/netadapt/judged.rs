//! What a network made of the hold-out, image by image, so that networks are compared in pairs.

use training::SampleResult;

/// What a network made of the hold-out.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Whether it was right, for each image.
    pub right: Vec<bool>,
    /// Mean cross-entropy; infinite where the training left the numbers.
    pub loss: f64,
}

impl Judged {
    /// From the verdicts on all images.
    pub fn of(verdicts: &[SampleResult]) -> Self {
        let loss = verdicts.iter().map(|verdict| verdict.loss).sum::<f64>();
        let right = verdicts.iter().map(|verdict| verdict.rank == 0).collect();
        let loss = loss / verdicts.len().max(1) as f64;
        Self { right, loss: if loss.is_nan() { f64::INFINITY } else { loss } }
    }

    /// Of a network whose training left the numbers.
    pub(super) fn diverged(images: usize) -> Self {
        Self { right: vec![false; images], loss: f64::INFINITY }
    }

    /// Whether its training left the numbers.
    pub fn has_diverged(&self) -> bool {
        self.loss.is_infinite()
    }

    /// Share of the images that it was right about.
    pub fn accuracy(&self) -> f64 {
        let right = self.right.iter().filter(|&&right| right).count();
        right as f64 / self.right.len().max(1) as f64
    }

    /// Half of the 95 % interval of the accuracy.
    pub fn interval(&self) -> f64 {
        let accuracy = self.accuracy();
        1.96 * (accuracy * (1.0 - accuracy) / self.right.len().max(1) as f64).sqrt()
    }

    /// Standard error of the difference to another network's accuracy on the same images (McNemar).
    pub fn paired_error(&self, other: &Self) -> f64 {
        let pairs = || self.right.iter().zip(&other.right);
        let count = |a: bool, b: bool| pairs().filter(|pair| *pair == (&a, &b)).count() as f64;
        let (better, worse) = (count(true, false), count(false, true));
        let images = pairs().len().max(1) as f64;
        ((better + worse) - (better - worse).powi(2) / images).max(0.0).sqrt() / images
    }
}
