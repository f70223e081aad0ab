//! The scale on which the surrogate models accuracies.

use serde::{Deserialize, Serialize};

use super::SurrogateError;
use crate::statistics::mean;

/// -ln(ceiling - accuracy), standardised. The effects of choices add up better on this scale: what
/// helps a bad network by three points helps a good one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    ceiling: f64,
    mean: f64,
    deviation: f64,
}

/// The distance of the ceiling from the best accuracy. A distance of 0.03 ranks networks as well; a
/// linear scale ranks them worse.
const HEADROOM: f64 = 0.08;

impl Scale {
    /// The scale for the accuracies of a set of networks, which are fractions.
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

    /// The accuracy and its standard error from their standardised values; the standard error is a
    /// first-order approximation.
    pub(super) fn accuracy(&self, standardised: f64, deviation: f64) -> (f64, f64) {
        let below_ceiling = (-(self.mean + self.deviation * standardised)).exp();
        (self.ceiling - below_ceiling, self.deviation * deviation * below_ceiling)
    }
}
