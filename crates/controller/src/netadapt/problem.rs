//! The problem and settings of an adaptation, its events and its result.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::Samples;
use search_space::{Network, Weights};
use training::{Backend, FineTune};

use super::choose::Metric;
use super::error::AdaptError;
use super::latencies::Latencies;
use super::schedule::Schedule;
use super::store::{Adaptation, EvaluatedProposal, Iteration};
use crate::final_trainings::MeasuredNetwork;

/// What is adapted, with the data and latencies that this takes.
pub struct NetAdapt<'a> {
    /// The deployed network whose widths are narrowed.
    pub seed: &'a Network,
    /// The weights of the seed's training variant.
    pub weights: &'a Weights,
    /// Gives the training variant of a deployed network, whose resolution and stem stride may
    /// differ.
    pub variant: &'a (dyn Fn(&Network) -> Network + Sync),
    /// The backend that computes networks in training.
    pub backend: &'a Backend,
    /// The images to train on.
    pub train: &'a Arc<Samples>,
    /// The images to evaluate on.
    pub hold_out: &'a Arc<Samples>,
    /// The latencies of deployed networks.
    pub latencies: Latencies<'a>,
    /// Returns `Break` once the user wants to stop.
    pub stop: &'a (dyn Fn() -> ControlFlow<()> + Sync),
}

/// How a network is adapted.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptSettings {
    /// The metric by which proposals are ranked.
    pub metric: Metric,
    /// The minimum latency reduction of the first iteration, as a share of the seed's latency.
    pub delta: f64,
    /// The decay of the minimum latency reduction per iteration: 1 in MobileNetV3, 0.96 in
    /// NetAdapt.
    pub decay: f64,
    /// The latency to reach, in milliseconds. It is compared with latencies that are measured
    /// relative to the seed. [`Target::max_measured_ms`](crate::search::Target::max_measured_ms)
    /// leaves room for the measurement of another process.
    pub target_ms: f64,
    /// The short training of every proposal.
    pub fine_tune: FineTune,
    /// How long which proposals are trained.
    pub schedule: Schedule,
    /// The number of proposals that are trained in parallel, each on one thread.
    pub jobs: usize,
}

/// An event of an adaptation.
pub enum Event<'a> {
    /// Proposals are about to be made: their latencies are predicted, for which blocks that the
    /// table lacks are measured.
    Proposing {
        /// The number of their iteration, counted from 1.
        iteration: usize,
    },
    /// Proposals are about to be trained.
    Proposals {
        /// The number of their iteration, counted from 1.
        iteration: usize,
        /// The number of proposals that are left.
        proposals: usize,
        /// The number of those that were trained before.
        trained: usize,
        /// The number of training steps after which they are evaluated: in successive halving,
        /// fewer than all steps.
        trained_steps: u64,
        /// The number of these steps that are new since the evaluation before.
        new_steps: u64,
    },
    /// A proposal was trained and evaluated.
    Evaluated(&'a EvaluatedProposal),
    /// A proposal is about to be measured as a whole network.
    Measuring(&'a EvaluatedProposal),
    /// An iteration was completed and stored. The store no longer has the weights of the one
    /// before.
    Iteration {
        /// The iteration.
        completed: &'a Iteration,
        /// The deployed network after it.
        network: &'a Network,
        /// The bytes of the weights file of the network's training variant.
        weights: &'a [u8],
    },
}

/// A callback for every event, which returns whether to continue.
pub type OnEvent<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;

/// Passes an event to the callback, which may stop the adaptation.
pub(super) fn emit(on_event: &mut OnEvent<'_>, event: &Event<'_>) -> Result<(), AdaptError> {
    match on_event(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AdaptError::Stopped),
    }
}

/// The result of an adaptation.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// The last network.
    pub network: Network,
    /// The weights of its training variant.
    pub weights: Weights,
    /// Its latency in milliseconds, that of its iteration.
    pub latency_ms: f64,
    /// Whether this latency meets the target. If it does not, no legal width saves enough latency.
    pub meets_target: bool,
}

/// A running adaptation: its problem and settings, the store, and the callback.
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
    /// The weights of its training variant.
    pub(super) weights: &'a Weights,
    /// The iteration that produced it.
    pub(super) iteration: &'a Iteration,
}

impl Current<'_> {
    /// The number of the running iteration.
    pub(super) fn next_number(&self) -> usize {
        self.iteration.number + 1
    }
}
