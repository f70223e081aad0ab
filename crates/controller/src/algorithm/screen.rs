//! A model of accuracy, fitted to the trials that were told, that chooses among many children the
//! one worth a trial. The latency of a child is known without a trial, its accuracy is not.
//!
//! Not part of regularised evolution; Wei et al. 2022, "NPENAS: Neural Predictor Guided Evolution for
//! Neural Architecture Search", chooses children by a model too.

use ndarray::{Array1, Array2};
use search_space::Genotype;

use crate::linear_algebra::InverseFactor;
use crate::trial::Trial;

/// Trials that a model is fitted to at most.
const MOST: usize = 400;
/// Numbers of differing choices over which two genotypes stop telling about each other, tried in
/// turn.
const LENGTHS: [f64; 4] = [2.0, 5.0, 12.0, 30.0];
/// Variance of an accuracy that the model need not explain, as a share of that between genotypes.
const NOISE: f64 = 1e-3;

/// Kernel ridge regression of accuracy on genotypes: the covariance of two falls exponentially with
/// the number of choices in which they differ.
pub(super) struct Model {
    known: Vec<Genotype>,
    weights: Array1<f64>,
    mean: f64,
    /// By number of differing choices.
    covariances: Vec<f64>,
}

impl Model {
    /// The model of those of the trials that `score` ranks highest, with the length that predicts
    /// each from the others best. None where nothing can be learnt.
    pub(super) fn fit(trials: &[Trial], score: &dyn Fn(&Trial) -> f64) -> Option<Self> {
        let mut order: Vec<(f64, &Trial)> =
            trials.iter().map(|trial| (score(trial), trial)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        order.truncate(MOST);
        let known: Vec<Genotype> = order.iter().map(|(_, t)| t.genotype.clone()).collect();
        let n = known.len();
        let mut accuracies: Array1<f64> = order.iter().map(|(_, t)| t.estimate.accuracy).collect();
        let mean = accuracies.mean()?;
        accuracies -= mean;
        let distances = Array2::from_shape_fn((n, n), |(i, j)| distance(&known[i], &known[j]));
        let choices = known[0].0.len();
        let fits = LENGTHS.iter().filter_map(|length| {
            let covariances: Vec<f64> =
                (0..=choices).map(|differing| (-(differing as f64) / length).exp()).collect();
            let mut matrix = distances.mapv(|differing| covariances[differing]);
            matrix.diag_mut().iter_mut().for_each(|value| *value += NOISE);
            let factor = InverseFactor::new(matrix)?;
            let weights = factor.solve(&accuracies);
            // Each residual left out, without fitting again (Rasmussen and Williams 2006, Eq. 5.12).
            let errors = &weights / &factor.inverse_diagonal();
            Some((errors.dot(&errors), covariances, weights))
        });
        let (_, covariances, weights) = fits.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Self { known, weights, mean, covariances })
    }

    /// The predicted accuracy.
    pub(super) fn accuracy(&self, genotype: &Genotype) -> f64 {
        let known = self.known.iter().zip(&self.weights);
        let of = |(other, weight): (&Genotype, &f64)| {
            weight * self.covariances[distance(genotype, other)]
        };
        self.mean + known.map(of).sum::<f64>()
    }
}

/// Number of choices in which two genotypes differ.
fn distance(a: &Genotype, b: &Genotype) -> usize {
    a.0.iter().zip(&b.0).map(|(a, b)| usize::from(a != b)).sum()
}
