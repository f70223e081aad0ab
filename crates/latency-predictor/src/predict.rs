//! Predicting networks from a table.

use search_space::{LatencyError, LatencySource, Network};

use crate::build::{MeasureUnits, measure_missing};
use crate::error::PredictorError;
use crate::lock::MeasuringLock;
use crate::measure::{Measured, Runs};
use crate::meter::Meter;
use crate::table::Table;

/// Shares of a network's blocks and head by where their latencies come from.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// Predicts from a table and measures on this device.
#[derive(Debug)]
pub struct NativeLatency {
    /// Of this device, and complete for the networks that are asked for.
    pub table: Table,
    /// Undisturbed runs of a network that is measured.
    pub runs: usize,
}

/// Where the machine is busy all the time.
const ATTEMPTS: usize = 3;

impl LatencySource for NativeLatency {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.table.predict_ms(network).map_err(|error| source_error(network, &error))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        let measured = || {
            let lock = MeasuringLock::acquire(|| {})?;
            let mut meter = Meter::new(&lock, self.table.setup.threads, self.table.probe_ms)?;
            let graph = network.lower()?;
            let mut calmest = meter.network(&graph, Runs::Undisturbed(self.runs))?;
            for _ in 1..ATTEMPTS {
                if !calmest.is_of_a_busy_machine() {
                    break;
                }
                let again = meter.network(&graph, Runs::Undisturbed(self.runs))?;
                if again.slowdown < calmest.slowdown {
                    calmest = again;
                }
            }
            Ok::<Measured, PredictorError>(calmest)
        };
        let measured = measured().map_err(|error| source_error(network, &error))?;
        Ok(measured.latency.p50_ms)
    }
}

fn source_error(network: &Network, error: &PredictorError) -> LatencyError {
    LatencyError { network: network.name.clone(), message: error.to_string() }
}
