//! Latencies of this device: predicted from the table, whose missing blocks are measured first.

use std::sync::Mutex;
use std::time::Instant;

use latency_predictor::NativeLatency;
use search_space::{LatencyError, LatencySource, Network};

use crate::args::Global;
use crate::tables::{self, OpenTable};

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
        // One line for each network whose blocks are measured would bury the steps.
        let quiet = Global { quiet: true, ..self.global.clone() };
        self.with(network, |open| {
            let prediction = tables::predict(&quiet, open, network);
            prediction.map(|prediction| prediction.ms).map_err(|error| format!("{error:#}"))
        })
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.with(network, |open| {
            let native = NativeLatency { table: open.table.clone(), runs: self.runs };
            native.measure_ms(network).map_err(|error| error.message)
        })
    }
}
