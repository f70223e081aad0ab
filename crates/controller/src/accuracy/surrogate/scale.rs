//! The scale on which networks are compared.

use serde::{Deserialize, Serialize};

use super::SurrogateError;
use crate::statistics::mean;

/// -ln(ceiling - accuracy), standardised. Effects of choices add up better there: what helps a bad
/// network by three points helps a good one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    ceiling: f64,
    mean: f64,
    deviation: f64,
}

/// How far the ceiling lies above the best accuracy. 0.03 ranks alike; a plain linear scale, worse.
const HEADROOM: f64 = 0.08;

impl Scale {
    /// The scale for a set of networks' accuracies, which are fractions.
    pub(super) fn of(accuracies: &[f64]) -> Result<Self, SurrogateError> {
        let best = accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ceiling = best + HEADROOM;
        let logs: Vec<f64> = accuracies.iter().map(|a| -(ceiling - a).ln()).collect();
        let mean_log = mean(logs.iter().copied());
        let deviation = mean(logs.iter().map(|log| (log - mean_log).powi(2))).sqrt();
        if !(deviation > 0.0 && deviation.is_finite()) {
            let expected = "finite accuracies that differ";
            return Err(SurrogateError::value(
                "accuracies",
                format!("spread {deviation}"),
                expected,
            ));
        }
        Ok(Self { ceiling, mean: mean_log, deviation })
    }

    pub(super) fn standardise(&self, accuracy: f64) -> f64 {
        (-(self.ceiling - accuracy).ln() - self.mean) / self.deviation
    }

    /// Accuracy and its standard error from their standardised forms; the error to first order.
    pub(super) fn accuracy(&self, standardised: f64, deviation: f64) -> (f64, f64) {
        let below_ceiling = (-(self.mean + self.deviation * standardised)).exp();
        (self.ceiling - below_ceiling, self.deviation * deviation * below_ceiling)
    }
}
