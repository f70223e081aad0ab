//! Measures whole networks.

use std::time::Instant;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{AllRuns, Graph, MeasuredLatency, MeasuredRuns};
use serde::Serialize;

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::processor_time::CpuTicks;
use crate::measure::quantiles::{Quantiles, quantile, whole_ns};
use crate::measure::sampled_runs::SampledRuns;
use crate::measure::sampling::{Sampling, share_of, warm_up};
use crate::measure::undisturbed::MAX_SLOWDOWN;

/// The measured latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Latency over the runs that count.
    #[serde(flatten)]
    pub latency: Quantiles,
    /// Number of runs that count.
    pub runs: usize,
    /// Number of runs that do not count because something else slowed the device.
    pub disturbed: usize,
    /// Share of the runs of `all` that do not count.
    pub left_out_share: f64,
    /// Latency over all runs at moments that were not chosen.
    pub all: AllRuns,
    /// Slowdown of the device in the most disturbed run that counts, as a ratio to its fastest
    /// speed. 1 if the probe was not used.
    pub slowdown: f64,
    /// Share of the time that the hypervisor gave to other guests. `None` if the system does not
    /// report it.
    pub steal: Option<f64>,
}

impl Measured {
    /// Whether even runs that count were disturbed, for lack of others. The latency is then that of
    /// a busy machine.
    pub fn is_of_a_busy_machine(&self) -> bool {
        self.slowdown > MAX_SLOWDOWN
    }

    /// The latency without the state of the machine.
    pub fn latency(&self) -> MeasuredLatency {
        let Self {
            latency: Quantiles { p10_ms, p50_ms, p90_ms }, runs, left_out_share, all, ..
        } = *self;
        let runs = MeasuredRuns { p10_ms, p90_ms, count: runs, left_out_share, all };
        MeasuredLatency { p50_ms, runs: Some(runs) }
    }
}

/// How often a network is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Until this many runs were undisturbed, up to a limit on the number of attempts.
    Undisturbed(usize),
    /// The same on a single copy of the network, whose addresses in memory are those that it
    /// happens to get: several times quicker, and less certain by as much as copies differ.
    OneCopy(usize),
    /// Exactly this many times, whatever else the machine does. Only the clock is read between the
    /// runs.
    Exactly(usize),
}

/// Number of copies of a network that is measured as a whole.
const COPIES: usize = 5;

impl Meter<'_> {
    /// Times a network after a warm-up of each copy.
    ///
    /// # Errors
    /// No runs are requested, or the engine cannot run the graph.
    pub fn network(&mut self, graph: &Graph, runs: Runs) -> Result<Measured, PredictorError> {
        let before = CpuTicks::read(self.pinned.allowed());
        let timed = match runs {
            Runs::Undisturbed(runs) => self.sample(graph, Sampling::same(COPIES, runs))?,
            Runs::OneCopy(runs) => self.sample(graph, Sampling::same(1, runs))?,
            Runs::Exactly(runs) => self.time_exactly(graph, runs)?,
        };
        let after = CpuTicks::read(self.pinned.allowed());
        let steal = before.zip(after).map(|(before, after)| after.since(before).stolen_share());
        let mut totals_ms = timed.totals_ms();
        let latency = Quantiles::of(&mut totals_ms).ok_or(PredictorError::NoRuns)?;
        let (runs, all_runs) = (totals_ms.len(), timed.all_ms.len());
        let mut all_ms = timed.all_ms;
        let mut all_at = |q| quantile(&mut all_ms, q).ok_or(PredictorError::NoRuns);
        let (p50_ms, p95_ms) = (whole_ns(all_at(0.5)?), whole_ns(all_at(0.95)?));
        Ok(Measured {
            latency,
            runs,
            disturbed: timed.runs - runs,
            left_out_share: timed.left_out as f64 / all_runs as f64,
            all: AllRuns { p50_ms, p95_ms, runs: all_runs },
            slowdown: timed.slowdown,
            steal: steal.flatten(),
        })
    }

    /// The median of about `wanted` undisturbed runs of a network, in milliseconds.
    pub(crate) fn undisturbed_p50_ms(
        &mut self,
        graph: &Graph,
        wanted: usize,
    ) -> Result<f64, PredictorError> {
        let mut totals_ms = self.sample(graph, Sampling::same(COPIES, wanted))?.totals_ms();
        Ok(Quantiles::of(&mut totals_ms).ok_or(PredictorError::NoRuns)?.p50_ms)
    }

    /// Blocks are not timed: each run is a single time.
    fn time_exactly(&self, graph: &Graph, runs: usize) -> Result<SampledRuns, PredictorError> {
        let image = random_image(graph.input().elements());
        let mut copies = self.copies(graph, COPIES.min(runs))?;
        let count = copies.len();
        let mut all_ms = Vec::with_capacity(runs);
        for (index, engine) in copies.iter_mut().enumerate() {
            let mut run = || timed_ms(|| _ = engine.run(&image));
            warm_up(&mut run);
            all_ms.extend((0..share_of(runs, index, count)).map(|_| run()));
        }
        Ok(SampledRuns::of_totals(all_ms))
    }
}

/// Random values of either sign with magnitudes between 0.1 and 1. There are no zeros or denormals,
/// which some CPUs compute at another speed.
pub(crate) fn random_image(len: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut value = || {
        let size = rng.random_range(0.1..1.0);
        if rng.random() { size } else { -size }
    };
    (0..len).map(|_| value()).collect()
}

pub(crate) fn timed_ms(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}
