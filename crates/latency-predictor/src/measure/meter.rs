//! The meter, which measures with threads pinned to CPUs and with a probe of how busy those CPUs
//! are.

use std::time::{Duration, Instant};

use engine::Engine;
use search_space::{Graph, Weights};

use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::measure::core_probe::CoreProbe;
use crate::measure::lock::MeasuringLock;
use crate::measure::pin::Pinned;
use crate::measure::processor_time::CpuTicks;
use crate::measure::quantiles::whole_ns;

/// Measures on this device: [`Meter::network`] times whole networks, [`Meter::blocks`] their
/// blocks.
///
/// A small calculation, the probe, is timed between the units of a network. If it is slower than at
/// its fastest, something else computes on the same core, either another program or, on a rented
/// machine, another tenant. Times of units next to it do not count, and the measurement moves to other
/// CPUs.
#[derive(Debug)]
pub struct Meter<'lock> {
    _lock: &'lock MeasuringLock,
    pub(crate) pinned: Pinned,
    pub(crate) threads: usize,
    pub(crate) core: CoreProbe,
    pub(crate) fastest_probe_ms: f64,
    started: Option<CpuTicks>,
    calibrated: Instant,
    /// What [`Meter::blocks`] has seen so far.
    pub(crate) seen: Conditions,
}

/// Number of times that the probe is timed before the first run.
const CALIBRATION: usize = 5_000;

/// Interval at which [`Meter::conditions`] times the probe again.
const BETWEEN_LEVELS: Duration = Duration::from_secs(20);

impl<'lock> Meter<'lock> {
    /// Creates a meter for `threads` pinned threads. `fastest_probe_ms` is the fastest time of the
    /// probe that an earlier meter of this device returned.
    ///
    /// # Errors
    /// `threads` is 0 or larger than the number of CPUs, or threads cannot be pinned.
    pub fn new(
        lock: &'lock MeasuringLock,
        threads: usize,
        fastest_probe_ms: Option<f64>,
    ) -> Result<Self, PredictorError> {
        let pinned = Pinned::new(threads)?;
        let mut meter = Self {
            _lock: lock,
            started: CpuTicks::read(pinned.allowed()),
            pinned,
            threads,
            core: CoreProbe::new(),
            fastest_probe_ms: f64::INFINITY,
            calibrated: Instant::now(),
            seen: Conditions::default(),
        };
        meter.fastest_probe_ms = meter.calibrate().min(fastest_probe_ms.unwrap_or(f64::INFINITY));
        Ok(meter)
    }

    /// The usual time of the probe on the undisturbed device in milliseconds, as found so far.
    pub fn fastest_probe_ms(&self) -> f64 {
        self.fastest_probe_ms
    }

    /// Times the probe. Returns a low quantile, as the minimum may be a single outlier.
    fn calibrate(&mut self) -> f64 {
        let mut probe = |_| {
            self.move_on();
            self.probe_ms()
        };
        let mut probes_ms: Vec<f64> = (0..CALIBRATION).map(&mut probe).collect();
        probes_ms.sort_unstable_by(f64::total_cmp);
        let level_ms = probes_ms[CALIBRATION / 50];
        self.seen.probe_levels_ms.push(whole_ns(level_ms));
        self.calibrated = Instant::now();
        level_ms
    }

    /// The conditions under which [`Meter::blocks`] has measured since the meter was created.
    pub fn conditions(&mut self) -> Conditions {
        if self.calibrated.elapsed() > BETWEEN_LEVELS {
            self.calibrate();
        }
        let processor = CpuTicks::read(self.pinned.allowed())
            .zip(self.started)
            .map(|(now, started)| now.since(started));
        let probe_ms = Some(whole_ns(self.fastest_probe_ms));
        Conditions { processor, probe_ms, ..self.seen.clone() }
    }

    /// Share of the time since the meter was created that the hypervisor gave to other guests.
    /// `None` if the system does not report it.
    pub fn steal(&self) -> Option<f64> {
        CpuTicks::read(self.pinned.allowed())?.since(self.started?).stolen_share()
    }

    pub(crate) fn engine(&self, graph: &Graph) -> Result<Engine, PredictorError> {
        Ok(Engine::new(graph, &Weights::random(graph, 0), self.threads)?)
    }

    /// Times the probe in milliseconds.
    pub(crate) fn probe_ms(&self) -> f64 {
        self.core.time_ms()
    }

    /// The usual time of the probe on the undisturbed device, in milliseconds.
    pub(crate) fn fastest_ms(&mut self) -> &mut f64 {
        &mut self.fastest_probe_ms
    }

    /// Moves to a CPU that may be less busy.
    pub(crate) fn move_on(&mut self) {
        // With several threads, the worker threads of existing engines would stay.
        if self.threads == 1 {
            self.pinned.move_on();
        }
    }
}
