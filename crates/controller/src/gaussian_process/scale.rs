//! The scale on which accuracies are modelled.

use serde::{Deserialize, Serialize};

use super::RegressionError;
use crate::statistics::mean;

/// -ln(ceiling - accuracy), standardised. The effects of choices add up better on this scale: what
/// helps a bad network by three points helps a good one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    ceiling: f64,
    mean: f64,
    deviation: f64,
}

/// The distance of the ceiling from the best accuracy. A distance of 0.03 ranks networks as well; a
/// linear scale ranks them worse.
const HEADROOM: f64 = 0.08;

impl Scale {
    /// The scale for the accuracies of a set of networks, which are fractions.
    ///
    /// # Errors
    /// Returns an error if all accuracies are the same, or one is not finite.
    pub(crate) fn of(accuracies: &[f64]) -> Result<Self, RegressionError> {
        let best = accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ceiling = best + HEADROOM;
        let logs: Vec<f64> = accuracies.iter().map(|a| -(ceiling - a).ln()).collect();
        let mean_log = mean(logs.iter().copied());
        let deviation = mean(logs.iter().map(|log| (log - mean_log).powi(2))).sqrt();
        if !(deviation > 0.0 && deviation.is_finite()) {
            return Err(RegressionError::Spread { spread: deviation });
        }
        Ok(Self { ceiling, mean: mean_log, deviation })
    }

    pub(crate) fn standardise(&self, accuracy: f64) -> f64 {
        (-(self.ceiling - accuracy).ln() - self.mean) / self.deviation
    }

    /// The accuracy and its standard error from their standardised values; the standard error is a
    /// first-order approximation.
    pub(crate) fn accuracy(&self, standardised: f64, deviation: f64) -> (f64, f64) {
        let below_ceiling = (-(self.mean + self.deviation * standardised)).exp();
        (self.ceiling - below_ceiling, self.deviation * deviation * below_ceiling)
    }

    /// The limit of accuracies on this scale.
    pub(crate) fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// The mean and the standard deviation of ln(ceiling - accuracy) from those of the standardised
    /// value.
    pub(crate) fn log_shortfall(&self, standardised: f64, deviation: f64) -> (f64, f64) {
        (-(self.mean + self.deviation * standardised), self.deviation * deviation)
    }
}
