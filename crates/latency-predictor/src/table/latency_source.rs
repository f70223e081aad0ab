//! Latency sources of this device for searches and NetAdapt.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Instant;

use search_space::{LatencyError, LatencySource, MeasuredLatency, Network};

use crate::error::PredictorError;
use crate::measure::lock::MeasuringLock;
use crate::measure::meter::Meter;
use crate::measure::relative_latency::remeasure_outlier;
use crate::measure::runs::{Measured, Runs};
use crate::table::Table;
use crate::table::anchors::Level;
use crate::table::device_table::DeviceTable;
use crate::table::ladder::ladder;
use crate::table::predict::MissingUnits;

/// A latency source that predicts from a complete table and measures on this device.
#[derive(Debug)]
pub struct NativeLatency {
    /// A table of this device, which must have all units of the networks to predict.
    pub table: Table,
    /// How fast the device is now, relative to the table.
    pub level: Level,
    /// Number of undisturbed runs for each network that is measured.
    pub runs: usize,
}

impl NativeLatency {
    /// Measures networks one after the other with one meter, each with `runs` undisturbed runs of a
    /// single copy: for networks that winners are compared with, not for choosing between them.
    /// `progress` is told the number of networks that were measured before each one, and answers
    /// whether to go on. Returns `None` if it did not.
    ///
    /// # Errors
    /// A network cannot be measured.
    pub fn measure_quickly<'n>(
        &self,
        networks: impl IntoIterator<Item = &'n Network>,
        runs: usize,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Vec<MeasuredLatency>>, LatencyError> {
        let mut networks = networks.into_iter().peekable();
        let Some(&first) = networks.peek() else { return Ok(Some(Vec::new())) };
        let meter_failed = |error| failed(first, &error);
        let lock = MeasuringLock::acquire(|| {}).map_err(|error| meter_failed(error.into()))?;
        let (threads, probe) = (self.table.setup.threads, self.table.probe);
        let mut meter = Meter::new(&lock, threads, probe).map_err(meter_failed)?;
        let mut measured = Vec::new();
        for network in networks {
            if progress(measured.len()).is_break() {
                return Ok(None);
            }
            let graph = network.lower().map_err(|error| failed(network, &error.into()))?;
            let latency = meter.network(&graph, Runs::OneCopy(runs));
            measured.push(latency.map_err(|error| failed(network, &error))?.latency());
        }
        Ok(Some(measured))
    }
}

impl LatencySource for NativeLatency {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        let built_ms = self.table.predict_ms(network).map_err(|error| failed(network, &error))?;
        Ok(self.level.ratio * built_ms)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(self.measure(network)?.p50_ms)
    }

    fn measure(&self, network: &Network) -> Result<MeasuredLatency, LatencyError> {
        let measured = measure(&self.table, network, self.runs);
        measured.map_err(|error| failed(network, &error))
    }
}

/// Number of measurements of a network, of which the one with the median latency is returned.
const MEASUREMENTS: usize = 5;

/// A latency source that predicts from a table, to which missing blocks are added by interpolating or
/// measuring, and that measures on this device, one network at a time.
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
    /// Creates a source from a device table, with `runs` undisturbed runs for each network that is
    /// measured.
    pub fn new(device: DeviceTable, runs: usize) -> Self {
        Self { runs, state: Mutex::new(State { device, seconds: 0.0 }) }
    }

    /// Seconds spent on predicting and measuring so far.
    pub fn seconds(&self) -> f64 {
        self.state.lock().map_or(0.0, |state| state.seconds)
    }

    /// Measures blocks of widths between which those of all networks that narrow axes of `seed` can
    /// be interpolated, unless the table has them. `on_measuring` is called before that.
    ///
    /// # Errors
    /// The seed cannot be computed, a block cannot be measured, or the table cannot be saved.
    pub fn prepare(&self, seed: &Network, on_measuring: impl FnOnce()) -> Result<(), LatencyError> {
        self.with(seed, |device| {
            let networks = ladder(seed)?;
            let lacks = |network: &Network| device.must_measure(network, MissingUnits::Measure);
            if !networks.iter().any(lacks) {
                return Ok(());
            }
            on_measuring();
            device.measure_blocks(&MeasuringLock::acquire(|| {})?, &networks)
        })
    }

    /// Calls `work` under the mutex and adds its time to `seconds`.
    fn with<T>(
        &self,
        network: &Network,
        work: impl FnOnce(&mut DeviceTable) -> Result<T, PredictorError>,
    ) -> Result<T, LatencyError> {
        let start = Instant::now();
        let mut state = self.state.lock().map_err(|_| LatencyError {
            network: network.name.clone(),
            message: "an earlier measurement panicked".to_owned(),
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
        Ok(self.measure(network)?.p50_ms)
    }

    fn measure(&self, network: &Network) -> Result<MeasuredLatency, LatencyError> {
        self.with(network, |device| {
            let one = |_| measure(&device.table, network, self.runs);
            let mut all = (0..MEASUREMENTS).map(one).collect::<Result<Vec<_>, _>>()?;
            all.sort_by(|a, b| a.p50_ms.total_cmp(&b.p50_ms));
            Ok(all[MEASUREMENTS / 2])
        })
    }

    /// Measures the networks in turns. Otherwise a device that is slow for a while, as rented ones
    /// are, would determine whether a small cut appears to save latency. A ratio that is an outlier
    /// relative to the predictions is measured again.
    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        self.with(network, |device| {
            let expected = predict_ms(device, network)? / predict_ms(device, other)?;
            remeasure_outlier(expected, || {
                let lock = MeasuringLock::acquire(|| {})?;
                let table = &device.table;
                let mut meter = Meter::new(&lock, table.setup.threads, table.probe)?;
                meter.relative_latency(&network.lower()?, &other.lower()?, self.runs)
            })
        })
    }
}

/// Predicts and keeps what was interpolated for that, so that the same unit has the same latency in
/// all predictions, also in those after an interruption.
fn predict_ms(device: &mut DeviceTable, network: &Network) -> Result<f64, PredictorError> {
    let is_known = device.has_all(network.units());
    let acquire = || MeasuringLock::acquire(|| {});
    let prediction = device.predict(network, MissingUnits::Interpolate, acquire)?;
    if !is_known {
        device.table.save(&device.path)?;
    }
    Ok(prediction.ms)
}

/// Maximum number of attempts to measure a network on a machine that stays busy.
const ATTEMPTS: usize = 3;

/// The latency of a network from the least disturbed attempt.
fn measure(
    table: &Table,
    network: &Network,
    runs: usize,
) -> Result<MeasuredLatency, PredictorError> {
    let lock = MeasuringLock::acquire(|| {})?;
    let mut meter = Meter::new(&lock, table.setup.threads, table.probe)?;
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
    Ok(best.latency())
}

fn failed(network: &Network, error: &PredictorError) -> LatencyError {
    LatencyError { network: network.name.clone(), message: error.to_string() }
}
