//! The one way in which networks are timed: whole networks, blocks of a table and anchors all come
//! from the same warm-up, the same choice of times and the same quantiles.

use engine::Engine;
use search_space::Graph;

use crate::error::PredictorError;
use crate::measure::clocked_copy::ClockedCopy;
use crate::measure::meter::Meter;
use crate::measure::quantiles::median;
use crate::measure::runs::{random_image, timed_ms};
use crate::measure::sampled_runs::{ClockedRun, SampledRuns};
use crate::measure::undisturbed::{Wanted, collect_undisturbed};

/// How a network is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Number of copies of the network, each with weights and buffers at other addresses. The
    /// addresses determine which cache lines collide, and they are fixed for the lifetime of a copy.
    pub(crate) copies: usize,
    /// Number of undisturbed runs of all copies together.
    pub(crate) undisturbed: usize,
    /// Number of runs at any moment of all copies together.
    pub(crate) at_any_moment: usize,
}

impl Sampling {
    /// As many runs at any moment as undisturbed ones. Runs at any moment follow each other, so that
    /// caches are as warm as where a network runs all the time. After waiting they are not quite, so
    /// all that is compared is sampled in this way.
    pub(crate) fn same(copies: usize, runs: usize) -> Self {
        Self { copies, undisturbed: runs, at_any_moment: runs }
    }
}

impl Meter<'_> {
    /// Warms up each copy of a network, then runs it until enough runs were undisturbed.
    ///
    /// # Errors
    /// No runs are requested, or the engine cannot run the graph.
    pub(crate) fn sample(
        &mut self,
        graph: &Graph,
        sampling: Sampling,
    ) -> Result<SampledRuns, PredictorError> {
        let Sampling { copies, undisturbed, at_any_moment } = sampling;
        let image = random_image(graph.input().elements());
        let mut copies = self.copies(graph, copies.min(undisturbed))?;
        let count = copies.len();
        let mut runs = Vec::new();
        for (index, engine) in copies.iter_mut().enumerate() {
            warm_up(&mut || timed_ms(|| _ = engine.run(&image)));
            let share = |runs: usize| share_of(runs, index, count);
            let wanted =
                Wanted { undisturbed: share(undisturbed), at_any_moment: share(at_any_moment) };
            let mut copy = ClockedCopy { meter: self, engine, image: &image };
            let of_copy = collect_undisturbed(wanted, &mut copy).into_iter();
            runs.extend(of_copy.map(|(moment, units)| ClockedRun { copy: index, moment, units }));
        }
        SampledRuns::of(&runs, undisturbed).ok_or(PredictorError::NoRuns)
    }

    /// Copies that exist at the same time, so that none reuses the memory of another.
    pub(crate) fn copies(
        &self,
        graph: &Graph,
        count: usize,
    ) -> Result<Vec<Engine>, PredictorError> {
        (0..count).map(|_| self.engine(graph)).collect()
    }
}

/// The part of `runs` that falls to one of `count` copies.
pub(crate) fn share_of(runs: usize, index: usize, count: usize) -> usize {
    runs * (index + 1) / count - runs * index / count
}

/// The warm-up ends when the medians of two consecutive windows of runs differ by less than this
/// share.
const STABLE: f64 = 0.02;
const WINDOW: usize = 3;
const MAX_WINDOWS: usize = 5;

/// Warms up by calling `run`, which returns the latency of a run in milliseconds.
pub(crate) fn warm_up(run: &mut impl FnMut() -> f64) {
    let mut window = || median(&mut [(); WINDOW].map(|()| run())).unwrap_or_default();
    let mut last = window();
    for _ in 1..MAX_WINDOWS {
        let next = window();
        if (next / last - 1.0).abs() < STABLE {
            return;
        }
        last = next;
    }
}
