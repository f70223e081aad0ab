//! The squared exponential covariance with a weight for each feature (automatic relevance
//! determination, Rasmussen and Williams 2006, section 5.1). Two options of a choice are the further
//! apart, the larger the weights of both are, so that the process learns which options differ.

use ndarray::{Array1, Array2, Axis};

use super::features::Encoder;
use crate::gaussian_process::{Covariances, Prior, Slopes};

/// The mean of the prior of a cost's weight, whose logarithm is normal as those of all parameters.
const COST_WEIGHT: f64 = 0.1;
/// The mean of the prior of the noise's variance, relative to that of all accuracies.
const NOISE: f64 = 0.03;
/// The standard deviation of the prior of all logarithms.
const PRIOR_DEVIATION: f64 = 1.5;
/// The least variance of the noise, with which the covariance of networks that are equal in all
/// features stays positive definite.
const LEAST_NOISE: f64 = 1e-4;

/// signal x exp(-1/2 sum of weight x squared difference), plus the noise on the diagonal.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    weights: Array1<f64>,
    pub(super) signal: f64,
    pub(super) noise: f64,
}

impl Kernel {
    /// The kernel of parameters, which are the logarithms of the weights, of the signal and of the
    /// noise above its least value.
    pub(super) fn new(parameters: &Array1<f64>) -> Self {
        let columns = parameters.len() - 2;
        let exponentials = parameters.mapv(f64::exp);
        Self {
            weights: exponentials.slice(ndarray::s![..columns]).to_owned(),
            signal: exponentials[columns],
            noise: LEAST_NOISE + exponentials[columns + 1],
        }
    }

    /// The covariances of two sets of networks, `[a][b]`, from their features.
    pub(super) fn between(&self, a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        let scales = self.weights.mapv(f64::sqrt);
        let (a, b) = (a * &scales, b * &scales);
        let squares = |rows: &Array2<f64>| rows.mapv(|x| x * x).sum_axis(Axis(1));
        let (squares_a, squares_b) = (squares(&a), squares(&b));
        let mut covariances = a.dot(&b.t());
        for (mut row, square) in covariances.rows_mut().into_iter().zip(squares_a) {
            row.zip_mut_with(&squares_b, |product, other| {
                let distance = (square + other - 2.0 * *product).max(0.0);
                *product = self.signal * (-0.5 * distance).exp();
            });
        }
        covariances
    }
}

/// The covariances of the networks that a process is fitted to.
pub(super) struct KernelCovariances<'a> {
    pub(super) encoder: &'a Encoder,
    /// `[network][column]`.
    pub(super) features: &'a Array2<f64>,
}

impl Covariances for KernelCovariances<'_> {
    /// Random genotypes have a correlation of about 1/e, however many choices there are, as in
    /// Hvarfner et al. (2024), whose length scales grow with the square root of the dimension.
    fn prior(&self) -> Prior {
        let (options, columns) = self.encoder.columns();
        let option_weight = 1.0 / self.encoder.differing.max(1.0);
        let weights = (0..columns).map(|c| if c < options { option_weight } else { COST_WEIGHT });
        let means = weights.chain([1.0, NOISE]).map(f64::ln).collect();
        let precision = PRIOR_DEVIATION.powi(-2);
        Prior { means, precision_per_network: precision / self.features.nrows() as f64 }
    }

    fn signal(&self, parameters: &Array1<f64>) -> Array2<f64> {
        Kernel::new(parameters).between(self.features, self.features)
    }

    fn noise(&self, parameters: &Array1<f64>) -> f64 {
        Kernel::new(parameters).noise
    }

    fn gradient(&self, parameters: &Array1<f64>, slopes: &Slopes) -> Array1<f64> {
        let kernel = Kernel::new(parameters);
        let by_row = slopes.by_log_signal.sum_axis(Axis(1));
        // The sum over i and j of slope[i][j] x (x_i - x_j)^2 / 2, for each column x.
        let products = slopes.by_log_signal.dot(self.features);
        let spread = &(self.features * &by_row.view().insert_axis(Axis(1))) - &products;
        let by_weight = (&spread * self.features).sum_axis(Axis(0)) * &kernel.weights;
        let by_noise = slopes.by_noise * (kernel.noise - LEAST_NOISE);
        by_weight.iter().map(|sum| -sum).chain([by_row.sum(), by_noise]).collect()
    }
}

#[cfg(test)]
mod tests {
    use search_space::Genotype;

    use super::super::features::Point;
    use super::*;
    use crate::gaussian_process::check_gradient;
    use crate::random::{Purpose, rng};

    #[test]
    fn gradient_is_the_finite_difference_of_the_loss() {
        let mut rng = rng(1, Purpose::Bayesian, 0);
        let mut draw = |options: u8| rand::RngExt::random_range(&mut rng, 0..options);
        let points: Vec<Point> = (0..100)
            .map(|i| {
                Point::new(Genotype(vec![draw(3), draw(2), draw(4)]), Some(f64::from(i + 1)), None)
            })
            .collect();
        let points: Vec<&Point> = points.iter().collect();
        let encoder = Encoder::new(&[3, 2, 4], &points);
        let features = encoder.encode(&points);
        check_gradient(&KernelCovariances { encoder: &encoder, features: &features });
    }

    #[test]
    fn covariances_by_hand() {
        let parameters = [0.5_f64, 2.0, 3.0, 0.1].map(f64::ln).to_vec().into();
        let kernel = Kernel::new(&parameters);
        let features = ndarray::array![[1.0, 0.0], [0.0, 1.5]];
        let covariances = kernel.between(&features, &features);
        let far = 3.0 * (-0.5_f64 * (0.5 + 2.0 * 2.25)).exp();
        for (found, expected) in covariances.iter().zip([3.0, far, far, 3.0]) {
            assert!((found - expected).abs() < 1e-12, "{found}: {expected}");
        }
        assert!((kernel.noise - 0.1 - LEAST_NOISE).abs() < 1e-12);
    }
}
