//! A Gaussian process fitted to trials, and what it predicts of candidates.

use ndarray::{Array1, Array2, Axis};

use super::features::{Encoder, Point};
use super::kernel::{Kernel, KernelCovariances};
use crate::gaussian_process::{InverseFactor, RegressionError, Scale, maximise};

/// The maximum number of trials that the hyper-parameters are fitted to, since that takes 60 matrix
/// inversions.
const HYPERPARAMETER_TRIALS: usize = 200;

/// A trial as the process sees it.
#[derive(Clone, Copy)]
pub(super) struct Observation<'a> {
    pub(super) point: &'a Point,
    /// The accuracy, a fraction.
    pub(super) accuracy: f64,
}

/// A fitted process.
pub(super) struct Process {
    training: Training,
    kernel: Kernel,
    factor: InverseFactor,
    coefficients: Array1<f64>,
}

/// The predictions for candidates, which take account of candidates that were chosen before.
pub(super) struct Posterior<'a> {
    process: &'a Process,
    features: Array2<f64>,
    /// X k, whose products are the covariances that the trials explain: `[trial][candidate]`.
    explained: Array2<f64>,
    /// The same of each chosen candidate: `[candidate]`.
    chosen: Vec<Array1<f64>>,
    means: Array1<f64>,
    variances: Array1<f64>,
}

/// The accuracy that an evaluation of a candidate would have, standardised: a normal distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Predicted {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

/// The hyper-parameters of maximum posterior probability.
///
/// # Errors
/// Returns an error if the accuracies do not differ.
pub(super) fn hyperparameters(
    option_counts: &[u8],
    observations: &[Observation<'_>],
) -> Result<Array1<f64>, RegressionError> {
    let step = observations.len().div_ceil(HYPERPARAMETER_TRIALS).max(1);
    let some: Vec<Observation<'_>> = observations.iter().copied().step_by(step).collect();
    let Training { encoder, features, targets, .. } = Training::new(option_counts, &some)?;
    maximise(&KernelCovariances { encoder: &encoder, features: &features }, &targets)
}

/// The observations as numbers.
struct Training {
    encoder: Encoder,
    /// `[trial][column]`.
    features: Array2<f64>,
    scale: Scale,
    /// Standardised.
    targets: Array1<f64>,
}

impl Training {
    fn new(
        option_counts: &[u8],
        observations: &[Observation<'_>],
    ) -> Result<Self, RegressionError> {
        let points: Vec<&Point> = observations.iter().map(|known| known.point).collect();
        let accuracies: Vec<f64> = observations.iter().map(|known| known.accuracy).collect();
        let scale = Scale::of(&accuracies)?;
        let encoder = Encoder::new(option_counts, &points);
        let features = encoder.encode(&points);
        let targets = accuracies.iter().map(|&accuracy| scale.standardise(accuracy)).collect();
        Ok(Self { encoder, features, scale, targets })
    }
}

impl Process {
    /// Fits a process with known hyper-parameters.
    ///
    /// # Errors
    /// Returns an error if the accuracies do not differ, or if the covariance matrix is not positive
    /// definite.
    pub(super) fn fit(
        option_counts: &[u8],
        observations: &[Observation<'_>],
        hyperparameters: &Array1<f64>,
    ) -> Result<Self, RegressionError> {
        let training = Training::new(option_counts, observations)?;
        let kernel = Kernel::new(hyperparameters);
        let mut matrix = kernel.between(&training.features, &training.features);
        matrix.diag_mut().mapv_inplace(|v| v + kernel.noise);
        let factor = InverseFactor::new(matrix)?;
        let coefficients = factor.solve(&training.targets);
        Ok(Self { training, kernel, factor, coefficients })
    }

    /// The scale on which accuracies are predicted.
    pub(super) fn scale(&self) -> &Scale {
        &self.training.scale
    }

    /// The predictions for candidates.
    pub(super) fn posterior(&self, candidates: &[&Point]) -> Posterior<'_> {
        let features = self.training.encoder.encode(candidates);
        let covariances = self.kernel.between(&self.training.features, &features);
        let means = covariances.t().dot(&self.coefficients);
        let explained = self.factor.times(&covariances);
        let of_trials = explained.mapv(|x| x * x).sum_axis(Axis(0));
        let variances = of_trials.mapv(|explained| self.kernel.signal - explained);
        Posterior { process: self, features, explained, chosen: Vec::new(), means, variances }
    }
}

impl Posterior<'_> {
    /// The prediction for a candidate.
    pub(super) fn predicted(&self, candidate: usize) -> Predicted {
        let variance = self.variances[candidate].max(0.0) + self.process.kernel.noise;
        Predicted { mean: self.means[candidate], deviation: variance.sqrt() }
    }

    /// Takes a candidate for evaluated, with the accuracy that is predicted for it (the kriging
    /// believer of Ginsbourger et al. 2010): only the variances change.
    pub(super) fn believe(&mut self, candidate: usize) {
        let own = self.features.select(Axis(0), &[candidate]);
        let mut covariances =
            self.process.kernel.between(&self.features, &own).remove_axis(Axis(1));
        covariances -= &self.explained.t().dot(&self.explained.column(candidate));
        for chosen in &self.chosen {
            covariances.scaled_add(-chosen[candidate], chosen);
        }
        covariances /= self.predicted(candidate).deviation;
        self.variances.zip_mut_with(&covariances, |variance, c| *variance -= c * c);
        self.chosen.push(covariances);
    }
}
