//! Hyper-parameters of the covariance by maximum marginal likelihood (Rasmussen and Williams 2006,
//! section 5.4.1), with a weak Gaussian prior.

use ndarray::{Array1, Array2};

use super::SurrogateError;
use super::covariance::{Covariance, from_parameters, gradient, prior_parameters};
use super::linear_algebra::InverseFactor;
use super::stages::Stages;

/// The precision of the prior, for a likelihood that is averaged over the networks. With a lower
/// one, single weights run to zero or infinity on subsets; with ten times as much, the ranking
/// suffers.
const PRIOR_PRECISION: f64 = 5e-4;
const STEPS: usize = 60;

/// The covariance that maximises the posterior of standardised `targets`. The optimiser is Rprop
/// (Riedmiller and Braun 1993, without weight backtracking), which needs no line search and is
/// known to suit Gaussian processes (Blum and Riedmiller 2013).
pub(super) fn maximise(
    stages: &Stages,
    codes: &[Vec<usize>],
    targets: &Array1<f64>,
) -> Result<Covariance, SurrogateError> {
    let mut parameters = prior_parameters(stages);
    let mut steps = Array1::from_elem(parameters.len(), 0.1);
    let mut last = Array1::<f64>::zeros(parameters.len());
    let mut best = (f64::INFINITY, parameters.clone());
    for _ in 0..STEPS {
        let (loss, mut slope) = negative_log_posterior(stages, codes, targets, &parameters)?;
        if loss < best.0 {
            best = (loss, parameters.clone());
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
    Ok(from_parameters(stages, &best.1.to_vec()))
}

/// The negative log-posterior per network, up to a constant, and its gradient.
pub(super) fn negative_log_posterior(
    stages: &Stages,
    codes: &[Vec<usize>],
    targets: &Array1<f64>,
    parameters: &Array1<f64>,
) -> Result<(f64, Array1<f64>), SurrogateError> {
    let n = targets.len() as f64;
    let covariance = from_parameters(stages, &parameters.to_vec());
    let signal = covariance.matrix(&covariance.tables(stages), codes);
    let mut matrix = signal.clone();
    matrix.diag_mut().mapv_inplace(|v| v + covariance.noise);
    let factor = InverseFactor::new(matrix)?;
    let coefficients = factor.solve(targets);
    let loss = 0.5 * (targets.dot(&coefficients) + factor.ln_determinant());

    // dL/dK = (K^-1 - a a^T) / 2.
    let mut slopes = factor.inverse();
    for (i, mut row) in slopes.rows_mut().into_iter().enumerate() {
        row.scaled_add(-coefficients[i], &coefficients);
    }
    slopes *= 0.5;
    let by_noise = covariance.noise * slopes.diag().sum();
    let slopes: Array2<f64> = slopes * signal;
    let gradient = gradient(&covariance, stages, codes, &slopes, by_noise) / n;

    let from_prior = parameters - &prior_parameters(stages);
    let loss = loss / n + 0.5 * PRIOR_PRECISION * from_prior.dot(&from_prior);
    Ok((loss, gradient + from_prior * PRIOR_PRECISION))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use search_space::published;

    use super::*;

    #[test]
    fn gradient_is_the_finite_difference_of_the_loss() {
        let space = published::space("mnasnet").unwrap();
        let stages = Stages::new(&space).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut codes = Vec::new();
        for _ in 0..100 {
            codes.push(stages.encode(&space.sample(&mut rng)).unwrap());
        }
        let targets: Array1<f64> = (0..100).map(|i| f64::from(i % 7) / 2.0 - 1.5).collect();
        let mut parameters = prior_parameters(&stages);
        parameters.iter_mut().enumerate().for_each(|(i, p)| *p += 0.1 * (i % 5) as f64);
        let loss = |parameters: &Array1<f64>| {
            negative_log_posterior(&stages, &codes, &targets, parameters).unwrap().0
        };
        let (_, gradient) = negative_log_posterior(&stages, &codes, &targets, &parameters).unwrap();
        for i in 0..parameters.len() {
            let at = |step: f64| {
                let mut moved = parameters.clone();
                moved[i] += step;
                loss(&moved)
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            let difference = (gradient[i] - numeric).abs();
            assert!(difference < 1e-6, "parameter {i}: {} against {numeric}", gradient[i]);
        }
    }
}
