//! Gaussian process regression of accuracies (Rasmussen and Williams 2006), of which the surrogate
//! and Bayesian optimisation have a covariance each.

mod linear_algebra;
mod marginal_likelihood;
mod scale;

pub(crate) use linear_algebra::InverseFactor;
#[cfg(test)]
pub(crate) use marginal_likelihood::check_gradient;
pub(crate) use marginal_likelihood::{Covariances, Prior, Slopes, maximise};
pub(crate) use scale::Scale;

/// Why a Gaussian process cannot be fitted.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RegressionError {
    /// A covariance matrix has no Cholesky factor.
    #[error("covariance: found a pivot <= 0 or NaN; expected: positive definite")]
    NotPositiveDefinite,
    /// There is nothing to predict.
    #[error("accuracies: found spread {spread}; expected: finite accuracies that differ")]
    Spread {
        /// The standard deviation on the scale of the model.
        spread: f64,
    },
}
