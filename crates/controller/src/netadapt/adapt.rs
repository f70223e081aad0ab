//! The iterations from the seed to the target.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::Samples;
use search_space::{Network, Proposal, Weights, axes, proposals};
use training::{Backend, FineTune, Model, WeightsFile, sample_results, write_weights};

use super::choose::{Metric, ranked};
use super::error::AdaptError;
use super::halving::{Schedule, train_proposals};
use super::hold_out::HoldOutEvaluation;
use super::latencies::{Latencies, Reading};
use super::store::{Adaptation, EvaluatedProposal, Iteration};
use super::tune::Parent;

/// What is adapted, on what.
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
    /// Minimum cut of the first iteration, as a share of the seed's latency.
    pub delta: f64,
    /// What the minimum cut is multiplied with after each iteration: 1 in MobileNetV3, 0.96 in NetAdapt.
    pub decay: f64,
    /// Latency to reach in milliseconds; a network that is measured against the seed to be within this
    /// has reached it.
    pub target_ms: f64,
    /// Of every proposal.
    pub fine_tune: FineTune,
    /// Which of them are trained how long.
    pub schedule: Schedule,
    /// Proposals trained side by side, each on one thread.
    pub jobs: usize,
}

/// What happens meanwhile.
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
    /// Measured against the seed, in milliseconds.
    pub latency_ms: f64,
    /// Whether that meets the target; else no legal width saves enough any more.
    pub meets_target: bool,
}

/// What the demanded cut is multiplied with where no proposal confirmed it.
const DEMAND_GROWTH: f64 = 1.5;
/// Proposals of an iteration that are measured before the demanded cut grows: those further down the ranking
/// lose accuracy that a larger cut would not.
const MAX_MEASURED: usize = 3;

/// Runs the iterations that are left, going on after the last one in `store`.
///
/// # Errors
/// [`AdaptError`]: whatever ends it early. What is in the store stays, and the next call goes on.
pub fn adapt(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    store: &mut Adaptation,
    on_event: &mut OnEvent<'_>,
) -> Result<Adapted, AdaptError> {
    let mut iterations = store.iterations()?;
    if iterations.is_empty() {
        let (completed, weights) = seed(problem, store)?;
        store.record_iteration(&completed, &weights)?;
        let event =
            Event::Iteration { completed: &completed, network: problem.seed, weights: &weights };
        emit(on_event, &event)?;
        iterations.push(completed);
    }
    let mut network =
        path(problem.seed, &iterations)?.pop().unwrap_or_else(|| problem.seed.clone());
    let seed_ms = iterations[0].latency_ms;
    loop {
        let now = &iterations[iterations.len() - 1];
        let latency_ms = now.latency_ms;
        let file = WeightsFile::read(&store.weights()?)?;
        let (_, weights) = file.fit(&(problem.variant)(&network))?;
        if latency_ms <= settings.target_ms {
            return Ok(Adapted { network, weights, latency_ms, meets_target: true });
        }
        let parent = Parent { network: &network, weights: &weights, iterations: now.number };
        let min_cut_ms = settings.delta * seed_ms * settings.decay.powi(now.number as i32);
        let next =
            iterate(problem, settings, &parent, (now, min_cut_ms, seed_ms), store, on_event)?;
        let Some((completed, narrowed)) = next else {
            return Ok(Adapted { network, weights, latency_ms, meets_target: false });
        };
        network = narrowed;
        let weights = store.weights()?;
        let event =
            Event::Iteration { completed: &completed, network: &network, weights: &weights };
        emit(on_event, &event)?;
        iterations.push(completed);
    }
}

/// Iteration 0.
fn seed(
    problem: &NetAdapt<'_>,
    store: &mut Adaptation,
) -> Result<(Iteration, Vec<u8>), AdaptError> {
    let latency_ms = problem.latencies.of(Reading::Measured, problem.seed, store)?;
    let variant = (problem.variant)(problem.seed);
    let model = Model::new(&variant.lower()?, problem.backend.clone(), 0)?;
    model.load(problem.weights)?;
    let hold_out = HoldOutEvaluation::of(&sample_results(&model, problem.hold_out, 1)?);
    let completed = Iteration {
        number: 0,
        axis: String::new(),
        from: 0,
        to: 0,
        predicted_ms: latency_ms,
        cut_ms: 0.0,
        latency_ms,
        hold_out,
    };
    Ok((completed, write_weights(&variant, problem.weights)?))
}

/// The deployed networks of iterations in order, from the seed on, which is iteration 0.
///
/// # Errors
/// Iterations of another seed.
pub fn path(seed: &Network, iterations: &[Iteration]) -> Result<Vec<Network>, AdaptError> {
    let mut networks: Vec<Network> = Vec::with_capacity(iterations.len());
    for iteration in iterations {
        let network = match networks.last() {
            None => seed.clone(),
            Some(before) => {
                let axis = axes(before)?.into_iter().find(|axis| axis.name == iteration.axis);
                let other = || AdaptError::OtherSeed {
                    iteration: iteration.number,
                    axis: iteration.axis.clone(),
                };
                axis.ok_or_else(other)?.with_width(before, iteration.to)
            }
        };
        networks.push(network);
    }
    Ok(networks)
}

/// One iteration, whose network is measured to save at least `min_cut_ms`; `None` where no legal width
/// saves as much.
fn iterate(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (now, min_cut_ms, seed_ms): (&Iteration, f64, f64),
    store: &mut Adaptation,
    on_event: &mut OnEvent<'_>,
) -> Result<Option<(Iteration, Network)>, AdaptError> {
    let mut demanded_ms = min_cut_ms;
    loop {
        let max_ms = now.latency_ms - demanded_ms;
        let proposals = proposed(problem, parent.network, now, max_ms, store)?;
        if proposals.is_empty() {
            return Ok(None);
        }
        let trained =
            train_proposals(problem, settings, parent, (now, &proposals), store, on_event)?;
        let saved: Vec<(f64, &HoldOutEvaluation)> =
            trained.iter().map(|(_, t)| (now.latency_ms - t.latency_ms, &t.hold_out)).collect();
        let ranked = ranked(settings.metric, &now.hold_out, &saved);
        if ranked.is_empty() {
            let learning_rate = settings.fine_tune.recipe.learning_rate;
            let (iteration, proposals) = (parent.iterations + 1, proposals.len());
            return Err(AdaptError::AllDiverged { iteration, proposals, learning_rate });
        }
        for place in ranked.into_iter().take(MAX_MEASURED) {
            let (index, evaluated) = &trained[place];
            let proposal = &proposals[*index];
            let before = (parent.network, now.latency_ms);
            let narrower_ms = problem.latencies.against(&proposal.network, before, store)?;
            if (problem.stop)().is_break() {
                return Err(AdaptError::Stopped);
            }
            let cut_ms = now.latency_ms - narrower_ms;
            if cut_ms < min_cut_ms {
                continue;
            }
            // That was chosen for being fast, and the errors of many iterations would add up.
            let seed = (problem.seed, seed_ms);
            let mut latency_ms = problem.latencies.against(&proposal.network, seed, store)?;
            // The first of many readings that is low enough would often be one that is too low.
            if latency_ms <= settings.target_ms {
                latency_ms = problem.latencies.confirmed(&proposal.network, seed, store)?;
            }
            let completed = Iteration {
                number: evaluated.iteration,
                axis: evaluated.axis.clone(),
                from: evaluated.from,
                to: evaluated.to,
                predicted_ms: evaluated.latency_ms,
                cut_ms,
                latency_ms,
                hold_out: evaluated.hold_out.clone(),
            };
            store.record_iteration(&completed, &store.proposal_weights(evaluated)?)?;
            return Ok(Some((completed, proposal.network.clone())));
        }
        demanded_ms *= DEMAND_GROWTH;
    }
}

/// Proposals of at most `max_ms` by prediction. What the parent measured over what was predicted for
/// it corrects the predictions.
fn proposed(
    problem: &NetAdapt<'_>,
    network: &Network,
    now: &Iteration,
    max_ms: f64,
    store: &mut Adaptation,
) -> Result<Vec<Proposal>, AdaptError> {
    let predicted_ms = problem.latencies.of(Reading::Predicted, network, store)?;
    let anchor = now.latency_ms / predicted_ms;
    proposals(network, (now.latency_ms, max_ms), &mut |network: &Network| {
        if (problem.stop)().is_break() {
            return Err(AdaptError::Stopped);
        }
        Ok(anchor * problem.latencies.of(Reading::Predicted, network, store)?)
    })
}
