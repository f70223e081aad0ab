//! Proposals trained for a while and evaluated, several side by side.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use search_space::{Graph, Network, Proposal, Weights};
use training::{
    FineTune, Placement, TrainingError, WeightsFile, fine_tune, truncate, write_weights,
};

use super::adapt::{AdaptSettings, NetAdapt};
use super::error::AdaptError;
use super::hold_out::HoldOutEvaluation;
use crate::side_by_side::side_by_side;

/// A proposal before its training.
pub(super) struct ProposalTraining<'a> {
    /// Index of the proposal.
    pub(super) index: usize,
    pub(super) proposal: &'a Proposal,
    /// The bytes of its weights file, where a part of the training is done.
    pub(super) trained: Option<Vec<u8>>,
}

/// A proposal after its training.
pub(super) struct Tuned {
    /// Index of the proposal.
    pub(super) index: usize,
    pub(super) hold_out: HoldOutEvaluation,
    /// The bytes of its weights file; `None` where it diverged.
    pub(super) weights: Option<Vec<u8>>,
    pub(super) seconds: f64,
}

/// The network whose weights the proposals inherit.
pub(super) struct Parent<'a> {
    /// The deployed network.
    pub(super) network: &'a Network,
    /// Of its training variant.
    pub(super) weights: &'a Weights,
    /// Iterations completed so far: decides the batches.
    pub(super) iterations: usize,
}

/// Batch norms' running statistics of a narrowed network are of before: in a short training they have
/// to follow faster than the published networks of small momenta let them.
const MIN_MOMENTUM: f32 = 0.1;
/// Epochs set aside for each iteration, so that no two iterations see the same batches.
const EPOCHS_PER_ITERATION: u64 = 1 << 20;

/// Trains all proposals for a part of the training steps and evaluates them, `settings.jobs` at a time,
/// and gives each to `done` as it ends. Ends early where `done` or the problem's `stop` breaks.
pub(super) fn tune_all(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (trainings, part): (&[ProposalTraining<'_>], &Range<u64>),
    done: &mut dyn FnMut(Tuned) -> Result<ControlFlow<()>, AdaptError>,
) -> Result<(), AdaptError> {
    let mut outcome = Ok(());
    side_by_side(
        trainings,
        settings.jobs,
        &|training, caller| {
            let stop = || match (problem.stop)() {
                ControlFlow::Continue(()) => caller.goes_on(),
                stopped => stopped,
            };
            _ = caller.tell(tune(problem, settings, parent, (training, part), &stop));
        },
        &mut |result| {
            let next = match result {
                Ok(Some(tuned)) => done(tuned),
                Ok(None) => Ok(ControlFlow::Break(())),
                Err(error) => Err(error),
            };
            let failure = match next {
                Ok(ControlFlow::Continue(())) => return ControlFlow::Continue(()),
                Ok(ControlFlow::Break(())) => AdaptError::Stopped,
                Err(error) => error,
            };
            if outcome.is_ok() {
                outcome = Err(failure);
            }
            ControlFlow::Break(())
        },
    );
    outcome
}

fn tune(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (training, part): (&ProposalTraining<'_>, &Range<u64>),
    stop: &dyn Fn() -> ControlFlow<()>,
) -> Result<Option<Tuned>, AdaptError> {
    let start = Instant::now();
    let ProposalTraining { index, proposal, trained } = training;
    let variant = (problem.variant)(&proposal.network);
    let narrow = variant.lower()?;
    let weights = match trained {
        Some(bytes) => WeightsFile::read(bytes)?.fit(&variant)?.1,
        None => truncate(&(problem.variant)(parent.network).lower()?, &narrow, parent.weights)?,
    };
    let settings = FineTune {
        first_epoch: (parent.iterations as u64 + 1) * EPOCHS_PER_ITERATION + part.start,
        ..settings.fine_tune
    };
    let graph = fast_norms(narrow);
    let placement = Placement { backend: problem.backend.clone(), threads: 1 };
    let settings = (&settings, &placement);
    let run = fine_tune(&graph, &weights, problem.train, settings, part.clone(), stop);
    let (hold_out, weights) = match run {
        Ok(None) => return Ok(None),
        Ok(Some(run)) => {
            let hold_out = HoldOutEvaluation::of(&run.sample_results(problem.hold_out)?);
            (hold_out, Some(write_weights(&variant, &run.result().to_weights()?)?))
        }
        // It loses; the others go on.
        Err(TrainingError::Diverged { .. }) => {
            (HoldOutEvaluation::diverged(problem.hold_out.len()), None)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Tuned { index: *index, hold_out, weights, seconds: start.elapsed().as_secs_f64() }))
}

fn fast_norms(mut graph: Graph) -> Graph {
    graph.norm.momentum = graph.norm.momentum.max(MIN_MOMENTUM);
    graph
}
