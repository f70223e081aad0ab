//! What NetAdapt is asked to do, the events that it emits, and its result.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::Samples;
use search_space::{Network, Weights};
use training::{Backend, FineTune};

use super::choose::Metric;
use super::error::AdaptError;
use super::latencies::{Latencies, MeasuredNetwork};
use super::schedule::Schedule;
use super::store::{Adaptation, EvaluatedProposal, Iteration};

/// What is adapted, and on what.
pub struct NetAdapt<'a> {
    /// The deployed network whose widths are narrowed.
    pub seed: &'a Network,
    /// Weights of its training variant.
    pub weights: &'a Weights,
    /// The training variant of a deployed network: its resolution and stem stride may differ.
    pub variant: &'a (dyn Fn(&Network) -> Network + Sync),
    /// What computes networks in training.
    pub backend: &'a Backend,
    /// Images to train on.
    pub train: &'a Arc<Samples>,
    /// Images to evaluate on.
    pub hold_out: &'a Arc<Samples>,
    /// Of deployed networks.
    pub latencies: Latencies<'a>,
    /// Whether the user wants to stop.
    pub stop: &'a (dyn Fn() -> ControlFlow<()> + Sync),
}

/// How it is adapted.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptSettings {
    /// What proposals are chosen by.
    pub metric: Metric,
    /// Minimum latency reduction of the first iteration, as a share of the seed's latency.
    pub delta: f64,
    /// Decay of the minimum latency reduction per iteration: 1 in MobileNetV3, 0.96 in NetAdapt.
    pub decay: f64,
    /// Latency to reach in milliseconds, compared with latencies that are measured relative to the seed.
    /// [`Target::max_measured_ms`](crate::search::Target::max_measured_ms) leaves room for another
    /// process's measurement.
    pub target_ms: f64,
    /// The short training of every proposal.
    pub fine_tune: FineTune,
    /// Which proposals are trained for how long.
    pub schedule: Schedule,
    /// Proposals trained side by side, each on one thread.
    pub jobs: usize,
}

/// What happens during an adaptation.
pub enum Event<'a> {
    /// Proposals are about to be trained.
    Proposals {
        /// The number of their iteration, from 1.
        iteration: usize,
        /// All that are left.
        proposals: usize,
        /// Those that were trained before.
        trained: usize,
        /// Training steps after which they are evaluated: fewer than all in successive halving.
        trained_steps: u64,
    },
    /// A proposal was trained and evaluated.
    Evaluated(&'a EvaluatedProposal),
    /// An iteration was completed and stored. The weights of the one before are not stored any more.
    Iteration {
        /// The iteration.
        completed: &'a Iteration,
        /// The deployed network after it.
        network: &'a Network,
        /// The bytes of the weights file of its training variant.
        weights: &'a [u8],
    },
}

/// Is called with every event, and returns whether to go on.
pub type OnEvent<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;

/// Passes an event to the callback, which may stop the adaptation.
pub(super) fn emit(on_event: &mut OnEvent<'_>, event: &Event<'_>) -> Result<(), AdaptError> {
    match on_event(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AdaptError::Stopped),
    }
}

/// Where it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// The last network.
    pub network: Network,
    /// Of its training variant.
    pub weights: Weights,
    /// Its latency in milliseconds, measured relative to the seed.
    pub latency_ms: f64,
    /// Whether that meets the target. If not, no legal width saves enough any more.
    pub meets_target: bool,
}

/// An adaptation under way: what is asked for, the store, and the callback.
pub(super) struct Session<'a, 'p, 'e> {
    pub(super) problem: &'a NetAdapt<'p>,
    pub(super) settings: &'a AdaptSettings,
    pub(super) store: &'a mut Adaptation,
    pub(super) on_event: &'a mut OnEvent<'e>,
}

/// The network that an iteration narrows, whose weights the proposals inherit.
pub(super) struct Current<'a> {
    /// The deployed network with its latency.
    pub(super) measured: &'a MeasuredNetwork,
    /// Weights of its training variant.
    pub(super) weights: &'a Weights,
    /// The iteration that it came out of.
    pub(super) iteration: &'a Iteration,
}

impl Current<'_> {
    /// The number of the iteration under way.
    pub(super) fn next_number(&self) -> usize {
        self.iteration.number + 1
    }
}
