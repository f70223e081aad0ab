//! The meter, which measures with threads pinned to CPUs and with a probe of how busy those CPUs
//! are.

use std::time::{Duration, Instant};

use engine::Engine;
use search_space::{Graph, Weights};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::measure::core_probe::{CoreProbe, ProbeTime};
use crate::measure::lock::MeasuringLock;
use crate::measure::pin::Pinned;
use crate::measure::processor_time::CpuTicks;
use crate::measure::quantiles::{median, whole_ns};

/// Measures on this device: [`Meter::network`] times whole networks, [`Meter::blocks`] their
/// blocks.
///
/// Small calculations, the probe, are timed between the units of a network. They tell whether
/// something else computes on the same core, either another program or, on a rented machine, another
/// tenant: times of units next to such moments do not count, and the measurement moves to other CPUs.
/// They also tell the frequency of the core's clock, which processors change all the time. Latencies
/// are those at one clock, the usual one of the table's first build.
#[derive(Debug)]
pub struct Meter<'lock> {
    _lock: &'lock MeasuringLock,
    pub(crate) pinned: Pinned,
    pub(crate) threads: usize,
    pub(crate) core: CoreProbe,
    /// The time of the probe on an undisturbed core, in milliseconds at the clock of `clock_ms`.
    pub(crate) fastest_probe_ms: f64,
    /// The clock of the core to which all times are converted: what the probe's chain takes.
    pub(crate) clock_ms: f64,
    /// What the probe's chain took in each run.
    pub(crate) clocks_ms: Vec<f64>,
    started: Option<CpuTicks>,
    calibrated: Instant,
    /// What [`Meter::blocks`] has seen so far.
    pub(crate) seen: Conditions,
}

/// What a meter knows from an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeLevel {
    /// The time of the probe on an undisturbed core, in milliseconds.
    #[serde(deserialize_with = "positive_ms")]
    pub fastest_ms: f64,
    /// What the probe's chain of dependent operations takes at the clock that latencies are
    /// converted to, in milliseconds.
    #[serde(deserialize_with = "positive_ms")]
    pub clock_ms: f64,
}

fn positive_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ms = f64::deserialize(deserializer)?;
    match ms > 0.0 && ms.is_finite() {
        true => Ok(ms),
        false => Err(D::Error::custom(format!("probe: found {ms} ms; expected: a positive time"))),
    }
}

/// Number of times that the probe is timed before the first run.
const CALIBRATION: usize = 3_000;

/// Interval at which [`Meter::conditions`] times the probe again.
const BETWEEN_LEVELS: Duration = Duration::from_secs(20);

impl<'lock> Meter<'lock> {
    /// Creates a meter for `threads` pinned threads. `known` is what an earlier meter of this device
    /// returned.
    ///
    /// # Errors
    /// `threads` is 0 or larger than the number of CPUs, or threads cannot be pinned.
    pub fn new(
        lock: &'lock MeasuringLock,
        threads: usize,
        known: Option<ProbeLevel>,
    ) -> Result<Self, PredictorError> {
        let (pinned, core) = (Pinned::new(threads)?, CoreProbe::new());
        let mut meter = Self {
            _lock: lock,
            started: CpuTicks::read(pinned.allowed()),
            pinned,
            threads,
            core,
            fastest_probe_ms: f64::INFINITY,
            clock_ms: f64::NAN,
            clocks_ms: Vec::new(),
            calibrated: Instant::now(),
            seen: Conditions::default(),
        };
        let probes = meter.time_probes();
        let clock_ms = known.map_or_else(|| clock_of(&probes), |known| known.clock_ms);
        meter.clock_ms = clock_ms;
        let fastest_ms = meter.calibrate(&probes);
        meter.fastest_probe_ms = known.map_or(fastest_ms, |known| known.fastest_ms.min(fastest_ms));
        Ok(meter)
    }

    /// What the next meter of this device should know.
    pub fn probe_level(&self) -> ProbeLevel {
        ProbeLevel { fastest_ms: self.fastest_probe_ms, clock_ms: self.clock_ms }
    }

    /// From now on, latencies are at the usual clock of the runs so far. Returns the factor that
    /// converts the latencies of these runs.
    pub(crate) fn settle_clock(&mut self) -> f64 {
        let usual_ms = median(&mut self.clocks_ms.clone()).unwrap_or(self.clock_ms);
        let usual = usual_ms / self.clock_ms;
        self.clock_ms = usual_ms;
        self.fastest_probe_ms *= usual;
        self.seen.probe_levels_ms.iter_mut().for_each(|ms| *ms *= usual);
        usual
    }

    /// Times the probe again and again, on all CPUs in turn.
    fn time_probes(&mut self) -> Vec<ProbeTime> {
        let probe = |_| {
            self.move_on();
            self.core.time()
        };
        (0..CALIBRATION).map(probe).collect()
    }

    /// Keeps and returns a low quantile of the probe's times, as the minimum may be a single outlier.
    fn calibrate(&mut self, probes: &[ProbeTime]) -> f64 {
        let mut probes_ms: Vec<f64> =
            probes.iter().map(|probe| probe.work_ms_at(self.clock_ms)).collect();
        probes_ms.sort_unstable_by(f64::total_cmp);
        let level_ms = probes_ms[CALIBRATION / 100];
        self.seen.probe_levels_ms.push(whole_ns(level_ms));
        self.calibrated = Instant::now();
        level_ms
    }

    /// The conditions under which [`Meter::blocks`] has measured since the meter was created.
    pub fn conditions(&mut self) -> Conditions {
        if self.calibrated.elapsed() > BETWEEN_LEVELS {
            let probes = self.time_probes();
            self.fastest_probe_ms = self.calibrate(&probes).min(self.fastest_probe_ms);
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

    /// Times the probe in milliseconds at the clock that times are converted to.
    pub(crate) fn probe_ms(&self) -> f64 {
        self.core.time().work_ms_at(self.clock_ms)
    }

    /// Moves to a CPU that may be less busy.
    pub(crate) fn move_on(&mut self) {
        // With several threads, the worker threads of existing engines would stay.
        if self.threads == 1 {
            self.pinned.move_on();
        }
    }
}

/// The usual clock during these probes, as what their chain took.
fn clock_of(probes: &[ProbeTime]) -> f64 {
    let mut clocks_ms: Vec<f64> = probes.iter().map(|probe| probe.clock_ms).collect();
    median(&mut clocks_ms).unwrap_or_default()
}
