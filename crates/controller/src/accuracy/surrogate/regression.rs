//! Gaussian process regression with Student-t noise: now and then a training run goes badly wrong,
//! which should not affect the predictions of its neighbours.

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::SurrogateError;
use super::covariance::{Covariance, StageCovariances};
use super::stages::Stages;
use crate::gaussian_process::{InverseFactor, RegressionError, Scale, maximise};

/// The number of networks that the hyper-parameters are fitted to. Twice as many rank no better,
/// and the time is cubic.
const HYPERPARAMETER_NETWORKS: usize = 1024;
/// The degrees of freedom of the noise. The residuals have a kurtosis of 8; 2.5 degrees of freedom
/// rank no better.
const DEGREES_OF_FREEDOM: f64 = 4.0;
/// The number of expectation-maximisation steps over the weights of the noise.
const REWEIGHTINGS: usize = 4;

/// A fit to networks that the caller keeps.
pub(super) struct Regression {
    pub(super) scale: Scale,
    pub(super) covariance: Covariance,
    /// The coefficients of the products of the stages' tables, one for each network.
    pub(super) coefficients: Vec<f64>,
    /// The squared leave-one-out residual of each network, standardised.
    pub(super) squared_residuals: Vec<f64>,
}

/// Fits the model. `codes` is `[network][stage]`, and `accuracies` are fractions.
pub(super) fn regress(
    stages: &Stages,
    codes: &[Vec<usize>],
    accuracies: &[f64],
) -> Result<Regression, SurrogateError> {
    let scale = Scale::of(accuracies)?;
    let targets: Array1<f64> = accuracies.iter().map(|&a| scale.standardise(a)).collect();
    let mut drawn: Vec<usize> = (0..codes.len()).collect();
    drawn.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    drawn.truncate(HYPERPARAMETER_NETWORKS);
    let drawn_codes: Vec<_> = drawn.iter().map(|&i| codes[i].clone()).collect();
    let drawn_targets = drawn.iter().map(|&i| targets[i]).collect();
    let drawn = StageCovariances { stages, codes: &drawn_codes };
    let covariance = drawn.covariance(&maximise(&drawn, &drawn_targets)?);

    let matrix = covariance.matrix(&covariance.tables(stages), codes);
    let (coefficients, squared_residuals) = robust(&matrix, &targets, covariance.noise)?;
    let coefficients = coefficients.iter().map(|a| a * covariance.signal).collect();
    Ok(Regression {
        scale,
        covariance,
        coefficients,
        squared_residuals: squared_residuals.to_vec(),
    })
}

/// The coefficients and the squared leave-one-out residuals (Rasmussen and Williams 2006, equation
/// 5.12). The noise of network i has the variance scale / weight[i]. The weights are their
/// expectations for Student-t noise under the current posterior.
fn robust(
    matrix: &Array2<f64>,
    targets: &Array1<f64>,
    noise: f64,
) -> Result<(Array1<f64>, Array1<f64>), RegressionError> {
    let mut variances = Array1::from_elem(targets.len(), noise);
    let mut scale = noise;
    for step in 0.. {
        let mut noisy = matrix.clone();
        noisy.diag_mut().scaled_add(1.0, &variances);
        let factor = InverseFactor::new(noisy)?;
        let coefficients = factor.solve(targets);
        let precisions = factor.inverse_diagonal();
        if step == REWEIGHTINGS {
            let squared_residuals = (&coefficients / &precisions).mapv(|r| r * r);
            return Ok((coefficients, squared_residuals));
        }
        let squares = (&variances * &coefficients).mapv(|r| r * r) + &variances
            - &variances * &variances * &precisions;
        let weights =
            squares.mapv(|s| (DEGREES_OF_FREEDOM + 1.0) / (DEGREES_OF_FREEDOM + s / scale));
        scale = (&weights * &squares).mean().unwrap_or(noise);
        variances = scale / &weights;
    }
    unreachable!("the loop ends at the last reweighting")
}
