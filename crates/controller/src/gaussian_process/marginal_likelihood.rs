//! Hyper-parameters of a covariance by maximum marginal likelihood (Rasmussen and Williams 2006,
//! section 5.4.1), with a Gaussian prior.

use ndarray::{Array1, Array2};

use super::RegressionError;
use super::linear_algebra::InverseFactor;

const STEPS: usize = 60;

/// The covariances of a set of networks as a function of unconstrained parameters.
pub(crate) trait Covariances {
    /// The Gaussian prior of the parameters.
    fn prior(&self) -> Prior;

    /// The covariance matrix without noise. Only its lower triangle is read.
    fn signal(&self, parameters: &Array1<f64>) -> Array2<f64>;

    /// The variance of the noise.
    fn noise(&self, parameters: &Array1<f64>) -> f64;

    /// The gradient of a loss with respect to the parameters.
    fn gradient(&self, parameters: &Array1<f64>, slopes: &Slopes) -> Array1<f64>;
}

/// A Gaussian prior with one precision for all parameters.
pub(crate) struct Prior {
    /// The means of the parameters, at which the ascent starts.
    pub(crate) means: Array1<f64>,
    /// The precision, divided by the number of networks.
    pub(crate) precision_per_network: f64,
}

/// The derivatives of a loss.
pub(crate) struct Slopes {
    /// `[i][j]` is the derivative with respect to the covariance of networks i and j, times that
    /// covariance without noise, where [`Covariances::signal`] has it.
    pub(crate) by_log_signal: Array2<f64>,
    /// The derivative with respect to the variance of the noise.
    pub(crate) by_noise: f64,
}

/// The parameters that maximise the posterior of standardised `targets`. The optimiser is Rprop
/// (Riedmiller and Braun 1993, without weight backtracking), which needs no line search and is
/// known to suit Gaussian processes (Blum and Riedmiller 2013). It ends early where a covariance
/// matrix is not positive definite.
///
/// # Errors
/// Returns an error if the covariance matrix at the mean of the prior is not positive definite.
pub(crate) fn maximise(
    covariances: &impl Covariances,
    targets: &Array1<f64>,
) -> Result<Array1<f64>, RegressionError> {
    let mut parameters = covariances.prior().means;
    let mut steps = Array1::from_elem(parameters.len(), 0.1);
    let mut last = Array1::<f64>::zeros(parameters.len());
    let mut best: Option<(f64, Array1<f64>)> = None;
    for _ in 0..STEPS {
        let (loss, mut slope) = match negative_log_posterior(covariances, targets, &parameters) {
            Ok(known) => known,
            Err(error) => return best.map(|(_, parameters)| parameters).ok_or(error),
        };
        if best.as_ref().is_none_or(|(least, _)| loss < *least) {
            best = Some((loss, parameters.clone()));
        }
        for (i, slope) in slope.iter_mut().enumerate() {
            let agreement = *slope * last[i];
            if agreement > 0.0 {
                steps[i] = f64::min(steps[i] * 1.2, 1.0);
            } else if agreement < 0.0 {
                steps[i] *= 0.5;
                *slope = 0.0;
            }
            if *slope != 0.0 {
                parameters[i] -= slope.signum() * steps[i];
            }
        }
        last = slope;
    }
    Ok(best.map_or(parameters, |(_, parameters)| parameters))
}

/// The negative log-posterior per network, up to a constant, and its gradient.
///
/// # Errors
/// Returns an error if the covariance matrix is not positive definite.
fn negative_log_posterior(
    covariances: &impl Covariances,
    targets: &Array1<f64>,
    parameters: &Array1<f64>,
) -> Result<(f64, Array1<f64>), RegressionError> {
    let n = targets.len() as f64;
    let signal = covariances.signal(parameters);
    let noise = covariances.noise(parameters);
    let mut matrix = signal.clone();
    matrix.diag_mut().mapv_inplace(|v| v + noise);
    let factor = InverseFactor::new(matrix)?;
    let coefficients = factor.solve(targets);
    let loss = 0.5 * (targets.dot(&coefficients) + factor.ln_determinant());

    // dL/dK = (K^-1 - a a^T) / 2.
    let mut slopes = factor.inverse();
    for (i, mut row) in slopes.rows_mut().into_iter().enumerate() {
        row.scaled_add(-coefficients[i], &coefficients);
    }
    slopes *= 0.5;
    let by_noise = slopes.diag().sum();
    let slopes = Slopes { by_log_signal: slopes * signal, by_noise };
    let gradient = covariances.gradient(parameters, &slopes) / n;

    let Prior { means, precision_per_network } = covariances.prior();
    let from_prior = parameters - &means;
    let loss = loss / n + 0.5 * precision_per_network * from_prior.dot(&from_prior);
    Ok((loss, gradient + from_prior * precision_per_network))
}

/// Compares the gradient for made-up targets of 100 networks with central differences.
#[cfg(test)]
pub(crate) fn check_gradient(covariances: &impl Covariances) {
    let targets: Array1<f64> = (0..100).map(|i| f64::from(i % 7) / 2.0 - 1.5).collect();
    let mut parameters = covariances.prior().means;
    parameters.iter_mut().enumerate().for_each(|(i, p)| *p += 0.1 * (i % 5) as f64);
    let posterior =
        |parameters: &Array1<f64>| negative_log_posterior(covariances, &targets, parameters);
    let (_, gradient) = posterior(&parameters).unwrap();
    for i in 0..parameters.len() {
        let at = |step: f64| {
            let mut moved = parameters.clone();
            moved[i] += step;
            posterior(&moved).unwrap().0
        };
        let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
        let difference = (gradient[i] - numeric).abs();
        assert!(difference < 1e-6, "parameter {i}: {} against {numeric}", gradient[i]);
    }
}
