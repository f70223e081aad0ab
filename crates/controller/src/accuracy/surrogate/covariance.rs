//! The covariance of two networks is a product over the stages. It thus has interactions of any
//! order, and a network's covariances with all others are a product of rows that are looked up by
//! stage.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::stages::{StageOptions, Stages};
use crate::gaussian_process::{Covariances, Prior, Slopes};

/// The precision of the prior, for a likelihood that is averaged over the networks. With a lower
/// one, single weights run to zero or infinity on subsets; with ten times as much, the ranking
/// suffers.
const PRIOR_PRECISION: f64 = 5e-4;

/// floor + (1 - floor) exp(-1/2 sum of weight x distance) for two configurations of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageKernel {
    /// The weights of each choice, then of the squared differences of ln(MACs) and of
    /// ln(parameters).
    pub(super) weights: Vec<f64>,
    /// The share of the other stages' effects that all configurations of this stage have in common.
    pub(super) floor: f64,
}

impl StageKernel {
    /// The covariance of each pair of configurations.
    pub(super) fn table(&self, options: &StageOptions) -> Array2<f64> {
        options.similarity(&self.weights).mapv(|e| self.floor + (1.0 - self.floor) * e)
    }
}

/// signal x the product over the stages, plus the noise on the diagonal.
#[derive(Clone, Debug)]
pub(super) struct Covariance {
    pub(super) stages: Vec<StageKernel>,
    pub(super) signal: f64,
    pub(super) noise: f64,
}

impl Covariance {
    /// One table for each stage.
    pub(super) fn tables(&self, stages: &Stages) -> Vec<Array2<f64>> {
        self.stages.iter().zip(&stages.stages).map(|(kernel, stage)| kernel.table(stage)).collect()
    }

    /// The covariance matrix without the noise, of which only the lower triangle is filled. `codes`
    /// is `[network][stage]`.
    pub(super) fn matrix(&self, tables: &[Array2<f64>], codes: &[Vec<usize>]) -> Array2<f64> {
        let n = codes.len();
        let mut matrix = Array2::zeros((n, n));
        for (i, mut row) in matrix.rows_mut().into_iter().enumerate() {
            let ours: Vec<_> = tables.iter().zip(&codes[i]).map(|(t, &code)| t.row(code)).collect();
            for (value, theirs) in row.iter_mut().zip(&codes[..=i]) {
                let factors = ours.iter().zip(theirs).map(|(row, &code)| row[code]);
                *value = self.signal * factors.product::<f64>();
            }
        }
        matrix
    }
}

/// The covariances of a set of networks. The unconstrained parameters are, for each stage, the
/// logarithms of its weights and the logit of its floor, then the logarithms of signal and noise.
pub(super) struct StageCovariances<'a> {
    pub(super) stages: &'a Stages,
    /// `[network][stage]`.
    pub(super) codes: &'a [Vec<usize>],
}

impl StageCovariances<'_> {
    /// The covariance that parameters stand for.
    pub(super) fn covariance(&self, parameters: &Array1<f64>) -> Covariance {
        let parameters = parameters.to_vec();
        let mut rest = &parameters[..];
        let stages = self.stages.stages.iter().map(|stage| {
            let (ours, others) = rest.split_at(stage.components() + 1);
            rest = others;
            let (floor, weights) = ours.split_last().unwrap_or((&0.0, &[]));
            StageKernel {
                weights: weights.iter().map(|w| w.exp()).collect(),
                floor: 1.0 / (1.0 + (-floor).exp()),
            }
        });
        let stages = stages.collect();
        Covariance { stages, signal: rest[0].exp(), noise: rest[1].exp() }
    }
}

impl Covariances for StageCovariances<'_> {
    /// Effects are weak and the same for all choices.
    fn prior(&self) -> Prior {
        let (weight, floor_logit, signal, noise): (f64, f64, f64, f64) = (0.03, 1.5, 2.7, 0.01);
        let per_stage = self.stages.stages.iter().flat_map(|stage| {
            std::iter::repeat_n(weight.ln(), stage.components()).chain([floor_logit])
        });
        let means = per_stage.chain([signal.ln(), noise.ln()]).collect();
        Prior { means, precision_per_network: PRIOR_PRECISION }
    }

    fn signal(&self, parameters: &Array1<f64>) -> Array2<f64> {
        let covariance = self.covariance(parameters);
        covariance.matrix(&covariance.tables(self.stages), self.codes)
    }

    fn noise(&self, parameters: &Array1<f64>) -> f64 {
        self.covariance(parameters).noise
    }

    fn gradient(&self, parameters: &Array1<f64>, slopes: &Slopes) -> Array1<f64> {
        let (covariance, codes) = (self.covariance(parameters), self.codes);
        let stages = &self.stages.stages;
        let mut by_entry: Vec<Array2<f64>> =
            stages.iter().map(|stage| Array2::zeros((stage.len(), stage.len()))).collect();
        let mut by_signal = 0.0;
        for (i, row) in slopes.by_log_signal.rows().into_iter().enumerate() {
            for (j, slope) in row.iter().take(i + 1).enumerate() {
                // The upper triangle contributes the same again.
                let slope = if i == j { *slope } else { 2.0 * slope };
                by_signal += slope;
                for (sums, (&a, &b)) in by_entry.iter_mut().zip(codes[i].iter().zip(&codes[j])) {
                    sums[[a, b]] += slope;
                }
            }
        }
        let mut gradient = Vec::new();
        for ((kernel, stage), mut sums) in covariance.stages.iter().zip(stages).zip(by_entry) {
            sums /= &kernel.table(stage);
            let similarity = stage.similarity(&kernel.weights);
            let distances = stage.distances.outer_iter().zip(&kernel.weights);
            let by_similarity = &sums * &similarity * (1.0 - kernel.floor);
            gradient.extend(
                distances.map(|(distance, w)| -0.5 * w * (&by_similarity * &distance).sum()),
            );
            let by_floor = (&sums * &(1.0 - &similarity)).sum();
            gradient.push(by_floor * kernel.floor * (1.0 - kernel.floor));
        }
        gradient.extend([by_signal, covariance.noise * slopes.by_noise]);
        gradient.into()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use search_space::published;

    use super::*;
    use crate::gaussian_process::check_gradient;

    #[test]
    fn gradient_is_the_finite_difference_of_the_loss() {
        let space = published::space("mnasnet").unwrap();
        let stages = Stages::new(&space).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut codes = Vec::new();
        for _ in 0..100 {
            codes.push(stages.encode(&space.sample(&mut rng)).unwrap());
        }
        check_gradient(&StageCovariances { stages: &stages, codes: &codes });
    }
}
