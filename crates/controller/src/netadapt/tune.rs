//! Trains and evaluates proposals, several in parallel.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use search_space::{Graph, Proposal};
use training::fit::FitPlan;
use training::{
    FineTune, Placement, Recipe, TrainingError, WeightsFile, fine_tune, truncate, write_weights,
};

use super::error::AdaptError;
use super::final_trainings::FINE_TUNING_RATE;
use super::hold_out::HoldOutEvaluation;
use super::problem::{AdaptSettings, Current, NetAdapt};
use crate::parallel::run_parallel;

/// A proposal before its training.
pub(super) struct ProposalTraining<'a> {
    /// The index among the iteration's proposals.
    pub(super) index: usize,
    pub(super) proposal: &'a Proposal,
    /// The bytes of its weights file, if a part of the training is done.
    pub(super) trained: Option<Vec<u8>>,
}

/// A proposal after its training.
pub(super) struct Tuned {
    /// The index among the iteration's proposals.
    pub(super) index: usize,
    pub(super) hold_out: HoldOutEvaluation,
    /// The bytes of its weights file; `None` if it diverged.
    pub(super) weights: Option<Vec<u8>>,
    pub(super) seconds: f64,
}

/// The minimum momentum of batch norms. A narrowed network starts with the running statistics of
/// the network before. In a short training they have to adapt faster than the small momenta of some
/// published networks allow.
const MIN_MOMENTUM: f32 = 0.1;
/// The number of epochs reserved for each iteration, so that no two iterations use the same
/// batches.
const EPOCHS_PER_ITERATION: u64 = 1 << 20;

/// The short training of every proposal: `steps` steps on the batches of the seed's training, with a
/// tenth of its learning rate and without warm-up or an average of the weights.
pub fn fine_tuning(seed: &FitPlan, steps: u64) -> FineTune {
    let recipe = Recipe {
        learning_rate: FINE_TUNING_RATE * seed.recipe.learning_rate,
        ema_decay: None,
        warm_up_steps: 0,
        steps,
        ..seed.recipe
    };
    FineTune { recipe, batches: seed.batches, first_epoch: 0 }
}

/// Trains all proposals for a part of the training steps and evaluates them, `settings.jobs` at a
/// time. Each is passed to `on_tuned` once it is evaluated. Ends early if `on_tuned` or the
/// problem's `stop` returns `Break`.
pub(super) fn tune_all(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    current: &Current<'_>,
    (trainings, part): (&[ProposalTraining<'_>], &Range<u64>),
    on_tuned: &mut dyn FnMut(Tuned) -> Result<ControlFlow<()>, AdaptError>,
) -> Result<(), AdaptError> {
    let mut outcome = Ok(());
    run_parallel(
        trainings,
        settings.jobs,
        &|training, worker| {
            let stop = || match (problem.stop)() {
                ControlFlow::Continue(()) => worker.status(),
                stopped => stopped,
            };
            _ = worker.emit(tune(problem, settings, current, (training, part), &stop));
        },
        &mut |result| {
            let next = match result {
                Ok(Some(tuned)) => on_tuned(tuned),
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
    current: &Current<'_>,
    (training, part): (&ProposalTraining<'_>, &Range<u64>),
    stop: &dyn Fn() -> ControlFlow<()>,
) -> Result<Option<Tuned>, AdaptError> {
    let start = Instant::now();
    let ProposalTraining { index, proposal, trained } = training;
    let variant = (problem.variant)(&proposal.network);
    let narrow = variant.lower()?;
    let weights = match trained {
        Some(bytes) => WeightsFile::read(bytes)?.fit(&variant)?.1,
        None => truncate(
            &(problem.variant)(&current.measured.network).lower()?,
            &narrow,
            current.weights,
        )?,
    };
    let settings = FineTune {
        first_epoch: current.next_number() as u64 * EPOCHS_PER_ITERATION + part.start,
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
        // A proposal that diverged is not ranked; the others continue.
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
