//! How well predictions rank networks, and what choosing by them costs.

use serde::{Deserialize, Serialize};

use super::{Row, Surrogate, SurrogateError};
use crate::statistics::{kendall_tau, mean, r2};

/// Fewest networks of an evaluation: below, the best tenth is no ranking.
const MIN_ROWS: usize = 30;

/// Quality on networks with known accuracies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Networks.
    pub n: usize,
    /// Kendall's tau-b of predicted and true accuracy.
    pub kendall_tau: f64,
    /// The same among the truly best tenth.
    pub kendall_tau_top_decile: f64,
    /// Points of per cent: true best minus true accuracy of the predicted best, mean over caps on
    /// the table's multiply-adds of 200, 220 ... 500 million (caps that no network meets left out).
    pub regret_mean: f64,
    /// Share of variance explained.
    pub r2: f64,
    /// Mean absolute error, points of per cent.
    pub mae: f64,
    /// Share of true accuracies within one standard error of the prediction; 0.68 if Gaussian.
    pub within_1_standard_error: f64,
    /// Within 1.96 of them; 0.95 if Gaussian.
    pub within_2_standard_errors: f64,
}

impl Evaluation {
    /// Mean of each figure over folds; `n` is their sum.
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
/// Fewer than 30 networks; a network of another space; no network under any cap.
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
            let allowed = || rows.iter().zip(predicted).filter(|(row, _)| row.macs_millions <= cap);
            let best = allowed().map(|(row, _)| row.accuracy).max_by(f64::total_cmp)?;
            let (chosen, _) = allowed().max_by(|a, b| a.1.total_cmp(b.1))?;
            Some(best - chosen.accuracy)
        })
        .collect();
    if regrets.is_empty() {
        return Err(SurrogateError::value("macs_M", "all above 500", "some networks below"));
    }
    Ok(mean(regrets.into_iter()))
}
