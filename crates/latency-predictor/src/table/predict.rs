//! Predicts latencies of networks from a table.

use search_space::Network;
use serde::Serialize;

use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::table::Table;
use crate::table::build::{MeasureUnits, measure_missing};

/// The shares of a network's units by the source of their latencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Share of units that the table already had.
    pub exact: f64,
    /// Share of units whose latency is interpolated from other entries, always 0.
    pub interpolated: f64,
    /// Share of units that were measured for this prediction.
    pub measured_now: f64,
}

/// A predicted latency and the sources of its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Sum of the p50 of all blocks and the head in milliseconds.
    pub ms: f64,
    /// Shares of the units by the source of their latencies.
    pub coverage: Coverage,
    /// The conditions under which units were measured for this prediction, if any were.
    pub conditions: Option<Conditions>,
}

impl Table {
    /// Predicts the latency of a network in milliseconds as the sum of the p50 of its blocks and
    /// head.
    ///
    /// # Errors
    /// [`PredictorError::MissingUnit`]: the first unit that the table lacks.
    pub fn predict_ms(&self, network: &Network) -> Result<f64, PredictorError> {
        network.units().try_fold(0.0, |sum_ms, unit| match self.get(&unit) {
            Some(entry) => Ok(sum_ms + entry.latency.p50_ms),
            None => Err(PredictorError::MissingUnit { unit }),
        })
    }

    /// Predicts the latency of a network after measuring the units that the table lacks and adding
    /// them.
    ///
    /// # Errors
    /// `measure` fails.
    pub fn predict_or_measure(
        &mut self,
        network: &Network,
        measure: &mut dyn MeasureUnits,
    ) -> Result<Prediction, PredictorError> {
        let measured = measure_missing(self, network, measure)?;
        let measured_now = measured as f64 / network.units().count() as f64;
        let coverage = Coverage { exact: 1.0 - measured_now, interpolated: 0.0, measured_now };
        let conditions = (measured > 0).then(|| measure.conditions());
        Ok(Prediction { ms: self.predict_ms(network)?, coverage, conditions })
    }
}
