//! Latencies of this device: predicted from the table, whose missing blocks are measured first, and
//! measured, alone or in turns with another.

use std::sync::Mutex;
use std::time::Instant;

use latency_predictor::{MeasuringLock, Meter, NativeLatency, PredictorError, beyond_doubt};
use search_space::{LatencyError, LatencySource, Network};

use crate::args::Global;
use crate::tables::{self, OpenTable};

/// Measurements of a network alone, of which the median counts.
const MEASUREMENTS: usize = 5;

/// A table that grows with what is asked for.
pub(super) struct DeviceLatency<'a> {
    global: &'a Global,
    runs: usize,
    state: Mutex<State>,
}

struct State {
    open: OpenTable,
    seconds: f64,
}

impl<'a> DeviceLatency<'a> {
    pub(super) fn new(global: &'a Global, open: OpenTable, runs: usize) -> Self {
        Self { global, runs, state: Mutex::new(State { open, seconds: 0.0 }) }
    }

    /// Spent on measuring so far.
    pub(super) fn seconds(&self) -> f64 {
        self.state.lock().map_or(0.0, |state| state.seconds)
    }

    fn predicted_ms(&self, open: &mut OpenTable, network: &Network) -> Result<f64, String> {
        // One line for each network whose blocks are measured would bury those of the iterations.
        let quiet = Global { quiet: true, ..self.global.clone() };
        let prediction = tables::predict(&quiet, open, network);
        prediction.map(|prediction| prediction.ms).map_err(|error| format!("{error:#}"))
    }

    /// One at a time, timed.
    fn with<T>(
        &self,
        network: &Network,
        work: impl FnOnce(&mut OpenTable) -> Result<T, String>,
    ) -> Result<T, LatencyError> {
        let failed = |message| LatencyError { network: network.name.clone(), message };
        let start = Instant::now();
        let poisoned = |_| failed("a measurement before this one failed".to_owned());
        let mut state = self.state.lock().map_err(poisoned)?;
        let done = work(&mut state.open).map_err(failed);
        state.seconds += start.elapsed().as_secs_f64();
        done
    }
}

impl LatencySource for DeviceLatency<'_> {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.with(network, |open| self.predicted_ms(open, network))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.with(network, |open| {
            let native = NativeLatency { table: open.table.clone(), runs: self.runs };
            let mut all_ms = [0.0; MEASUREMENTS];
            for ms in &mut all_ms {
                *ms = native.measure_ms(network).map_err(|error| error.message)?;
            }
            all_ms.sort_unstable_by(f64::total_cmp);
            Ok(all_ms[MEASUREMENTS / 2])
        })
    }

    /// In turns: a device that is slow for a while, as rented ones are, would otherwise decide whether
    /// a small cut saves anything. A ratio far from the predictions' is measured again.
    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        self.with(network, |open| {
            let expected = self.predicted_ms(open, network)? / self.predicted_ms(open, other)?;
            let read = || -> Result<f64, PredictorError> {
                let lock = MeasuringLock::acquire(|| {})?;
                let mut meter = Meter::new(&lock, open.table.setup.threads, open.table.probe_ms)?;
                meter.against(&network.lower()?, &other.lower()?, self.runs)
            };
            beyond_doubt(expected, read).map_err(|error| error.to_string())
        })
    }
}
