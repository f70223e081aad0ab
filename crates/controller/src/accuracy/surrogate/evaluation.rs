//! How well predictions rank networks, and the regret of choosing by them.

use serde::{Deserialize, Serialize};

use super::{Row, Surrogate, SurrogateError};
use crate::statistics::{kendall_tau, mean, r2};

/// The minimum number of networks in an evaluation; with fewer, the best tenth is too small to be
/// ranked.
const MIN_ROWS: usize = 30;

/// The quality of predictions on networks with known accuracies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The number of networks.
    pub n: usize,
    /// Kendall's tau-b between predicted and true accuracy.
    pub kendall_tau: f64,
    /// The same among the best tenth by true accuracy.
    pub kendall_tau_top_decile: f64,
    /// The mean regret in percentage points: the best true accuracy minus the true accuracy of the
    /// predicted best, averaged over caps on the table's multiply-adds of 200, 220 ... 500 million.
    /// Caps that no network meets are left out.
    pub regret_mean: f64,
    /// The share of the variance that the predictions explain.
    pub r2: f64,
    /// The mean absolute error in percentage points.
    pub mae: f64,
    /// The share of true accuracies within one standard error of the prediction; 0.68 for a
    /// Gaussian.
    pub within_1_standard_error: f64,
    /// The share within 1.96 standard errors; 0.95 for a Gaussian.
    pub within_2_standard_errors: f64,
}

impl Evaluation {
    /// The mean of each figure over the folds; `n` is their sum.
    pub fn mean_of(folds: &[Evaluation]) -> Self {
        let figure = |value: fn(&Self) -> f64| mean(folds.iter().map(value));
        Self {
            n: folds.iter().map(|fold| fold.n).sum(),
            kendall_tau: figure(|fold| fold.kendall_tau),
            kendall_tau_top_decile: figure(|fold| fold.kendall_tau_top_decile),
            regret_mean: figure(|fold| fold.regret_mean),
            r2: figure(|fold| fold.r2),
            mae: figure(|fold| fold.mae),
            within_1_standard_error: figure(|fold| fold.within_1_standard_error),
            within_2_standard_errors: figure(|fold| fold.within_2_standard_errors),
        }
    }
}

/// Compares a surrogate's predictions with known accuracies.
///
/// # Errors
/// Returns an error if there are fewer than 30 networks, if a network belongs to another space, or
/// if no network is under any cap.
pub fn evaluate(surrogate: &Surrogate, rows: &[Row]) -> Result<Evaluation, SurrogateError> {
    if rows.len() < MIN_ROWS {
        return Err(SurrogateError::value("rows", rows.len(), format!("at least {MIN_ROWS}")));
    }
    let predictions = surrogate.predict_batch(rows.iter().map(|row| &row.genotype))?;
    let truth: Vec<f64> = rows.iter().map(|row| row.accuracy).collect();
    let predicted: Vec<f64> = predictions.iter().map(|p| p.accuracy).collect();
    let mut best: Vec<usize> = (0..rows.len()).collect();
    best.sort_by(|&a, &b| truth[b].total_cmp(&truth[a]));
    best.truncate(rows.len().div_ceil(10));
    let of_best = |values: &[f64]| best.iter().map(|&i| values[i]).collect::<Vec<_>>();

    let errors: Vec<f64> = truth.iter().zip(&predicted).map(|(t, p)| (t - p).abs()).collect();
    let within = |width: f64| {
        let inside = |(error, p): (&f64, &super::Prediction)| *error <= width * p.standard_error;
        errors.iter().zip(&predictions).filter(|pair| inside(*pair)).count() as f64
            / rows.len() as f64
    };
    Ok(Evaluation {
        n: rows.len(),
        kendall_tau: kendall_tau(&truth, &predicted),
        kendall_tau_top_decile: kendall_tau(&of_best(&truth), &of_best(&predicted)),
        regret_mean: 100.0 * regret_mean(rows, &predicted)?,
        r2: r2(&truth, &predicted),
        mae: 100.0 * mean(errors.iter().copied()),
        within_1_standard_error: within(1.0),
        within_2_standard_errors: within(1.96),
    })
}

fn regret_mean(rows: &[Row], predicted: &[f64]) -> Result<f64, SurrogateError> {
    let caps = (200..=500).step_by(20).map(f64::from);
    let regrets: Vec<f64> = caps
        .filter_map(|cap| {
            let under_cap =
                || rows.iter().zip(predicted).filter(|(row, _)| row.macs_millions <= cap);
            let best = under_cap().map(|(row, _)| row.accuracy).max_by(f64::total_cmp)?;
            let (chosen, _) = under_cap().max_by(|a, b| a.1.total_cmp(b.1))?;
            Some(best - chosen.accuracy)
        })
        .collect();
    if regrets.is_empty() {
        return Err(SurrogateError::value("macs_M", "all above 500", "at least one network below"));
    }
    Ok(mean(regrets.into_iter()))
}
