//! Predicting networks from a table.

use search_space::Network;
use serde::Serialize;

use crate::error::PredictorError;
use crate::table::Table;
use crate::table::build::{MeasureUnits, measure_missing};

/// Shares of a network's blocks and head by where their latencies come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Entries that the table had.
    pub exact: f64,
    /// Derived from other entries.
    pub interpolated: f64,
    /// Entries that were measured for this prediction.
    pub measured_now: f64,
}

/// A predicted latency and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The sum of the p50 of all blocks and the head.
    pub ms: f64,
    /// What that sum consists of.
    pub coverage: Coverage,
}

impl Table {
    /// Predicts a network: the sum of the p50 of its blocks and head, in milliseconds.
    ///
    /// # Errors
    /// [`PredictorError::MissingUnit`]: the first that the table lacks.
    pub fn predict_ms(&self, network: &Network) -> Result<f64, PredictorError> {
        network.units().try_fold(0.0, |sum_ms, unit| match self.get(&unit) {
            Some(entry) => Ok(sum_ms + entry.latency.p50_ms),
            None => Err(PredictorError::MissingUnit { unit }),
        })
    }

    /// Predicts a network after measuring, and adding, what the table lacks.
    ///
    /// # Errors
    /// `measure` fails.
    pub fn predict_or_measure(
        &mut self,
        network: &Network,
        measure: &mut MeasureUnits<'_>,
    ) -> Result<Prediction, PredictorError> {
        let measured = measure_missing(self, network, measure)?;
        let measured_now = measured as f64 / network.units().count() as f64;
        let coverage = Coverage { exact: 1.0 - measured_now, interpolated: 0.0, measured_now };
        Ok(Prediction { ms: self.predict_ms(network)?, coverage })
    }
}
