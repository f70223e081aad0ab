//! The latencies of this device, as a search and NetAdapt ask for them.

use std::sync::Mutex;
use std::time::Instant;

use search_space::{LatencyError, LatencySource, Network};

use crate::error::PredictorError;
use crate::measure::lock::MeasuringLock;
use crate::measure::meter::Meter;
use crate::measure::relative_latency::remeasure_outlier;
use crate::measure::runs::{Measured, Runs};
use crate::table::Table;
use crate::table::device_table::DeviceTable;

/// Predicts from a complete table, and measures on this device.
#[derive(Debug)]
pub struct NativeLatency {
    /// Of this device, and complete for the networks that are asked for.
    pub table: Table,
    /// Undisturbed runs of a network that is measured.
    pub runs: usize,
}

impl LatencySource for NativeLatency {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.table.predict_ms(network).map_err(|error| failed(network, &error))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        measure_ms(&self.table, network, self.runs).map_err(|error| failed(network, &error))
    }
}

/// Measurements of a network by itself, of which the median counts.
const MEASUREMENTS: usize = 5;

/// Predicts from a table that grows by measuring what it lacks, and measures on this device, one network
/// at a time.
#[derive(Debug)]
pub struct DeviceLatency {
    runs: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    device: DeviceTable,
    seconds: f64,
}

impl DeviceLatency {
    /// Latencies from `device`, with `runs` undisturbed runs for each network that is measured.
    pub fn new(device: DeviceTable, runs: usize) -> Self {
        Self { runs, state: Mutex::new(State { device, seconds: 0.0 }) }
    }

    /// Seconds spent on measuring so far.
    pub fn seconds(&self) -> f64 {
        self.state.lock().map_or(0.0, |state| state.seconds)
    }

    /// One at a time, timed.
    fn with<T>(
        &self,
        network: &Network,
        work: impl FnOnce(&mut DeviceTable) -> Result<T, PredictorError>,
    ) -> Result<T, LatencyError> {
        let start = Instant::now();
        let mut state = self.state.lock().map_err(|_| LatencyError {
            network: network.name.clone(),
            message: "a measurement before this one failed".to_owned(),
        })?;
        let done = work(&mut state.device).map_err(|error| failed(network, &error));
        state.seconds += start.elapsed().as_secs_f64();
        done
    }
}

impl LatencySource for DeviceLatency {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.with(network, |device| predict_ms(device, network))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.with(network, |device| {
            let mut all_ms = [0.0; MEASUREMENTS];
            for ms in &mut all_ms {
                *ms = measure_ms(&device.table, network, self.runs)?;
            }
            all_ms.sort_unstable_by(f64::total_cmp);
            Ok(all_ms[MEASUREMENTS / 2])
        })
    }

    /// In turns: otherwise a device that is slow for a while, as rented ones are, would decide whether a
    /// small cut saves anything. A ratio that is an outlier by the predictions is measured again.
    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        self.with(network, |device| {
            let expected = predict_ms(device, network)? / predict_ms(device, other)?;
            remeasure_outlier(expected, || {
                let lock = MeasuringLock::acquire(|| {})?;
                let table = &device.table;
                let mut meter = Meter::new(&lock, table.setup.threads, table.probe_ms)?;
                meter.relative_latency(&network.lower()?, &other.lower()?, self.runs)
            })
        })
    }
}

fn predict_ms(device: &mut DeviceTable, network: &Network) -> Result<f64, PredictorError> {
    Ok(device.predict(network, || MeasuringLock::acquire(|| {}))?.ms)
}

/// Attempts to measure a network on a machine that is busy all the time.
const ATTEMPTS: usize = 3;

/// The median latency of a network in milliseconds, of the least disturbed attempt.
fn measure_ms(table: &Table, network: &Network, runs: usize) -> Result<f64, PredictorError> {
    let lock = MeasuringLock::acquire(|| {})?;
    let mut meter = Meter::new(&lock, table.setup.threads, table.probe_ms)?;
    let graph = network.lower()?;
    let mut best: Measured = meter.network(&graph, Runs::Undisturbed(runs))?;
    for _ in 1..ATTEMPTS {
        if !best.is_of_a_busy_machine() {
            break;
        }
        let again = meter.network(&graph, Runs::Undisturbed(runs))?;
        if again.slowdown < best.slowdown {
            best = again;
        }
    }
    Ok(best.latency.p50_ms)
}

fn failed(network: &Network, error: &PredictorError) -> LatencyError {
    LatencyError { network: network.name.clone(), message: error.to_string() }
}
