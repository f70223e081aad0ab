//! The steps from the seed to the target.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::Samples;
use search_space::{Network, Proposal, Weights, axes, proposals};
use training::{Backend, FineTune, Model, WeightsFile, sample_results, write_weights};

use super::choose::{Metric, ranked};
use super::error::AdaptError;
use super::halving::{Schedule, try_all};
use super::judged::Judged;
use super::latencies::{Latencies, Reading};
use super::store::{Adaptation, Step, Tried};
use super::tune::Parent;

/// What is adapted, on what.
pub struct NetAdapt<'a> {
    /// The deployed network whose widths are narrowed.
    pub seed: &'a Network,
    /// Weights of its twin.
    pub weights: &'a Weights,
    /// The network that is trained for a deployed one: its resolution and stem stride may differ.
    pub twin: &'a (dyn Fn(&Network) -> Network + Sync),
    /// What computes networks in training.
    pub backend: &'a Backend,
    /// Images to train on.
    pub train: &'a Arc<Samples>,
    /// Images to judge by.
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
    /// Least cut of the first step, as a share of the seed's latency.
    pub delta: f64,
    /// What the least cut is multiplied with after each step: 1 in MobileNetV3, 0.96 in NetAdapt.
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
        /// The number of their step, from 1.
        step: usize,
        /// All that are left.
        proposals: usize,
        /// Those that were trained before.
        trained: usize,
        /// Training steps after which they are judged: fewer than all in successive halving.
        trained_steps: u64,
    },
    /// A proposal was trained and judged.
    Tried(&'a Tried),
    /// A step was taken and stored. The weights of the step before are not stored any more.
    Step {
        /// The step.
        taken: &'a Step,
        /// The deployed network after it.
        network: &'a Network,
        /// The bytes of its twin's weights file.
        weights: &'a [u8],
    },
}

/// Hears what happens, and says whether to go on.
pub type Listener<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;

/// Tells what happens, to a listener who may stop the adaptation.
pub(super) fn tell(listener: &mut Listener<'_>, event: &Event<'_>) -> Result<(), AdaptError> {
    match listener(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AdaptError::Stopped),
    }
}

/// Where it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted {
    /// The last network.
    pub network: Network,
    /// Of its twin.
    pub weights: Weights,
    /// Measured against the seed, in milliseconds.
    pub latency_ms: f64,
    /// Whether that meets the target; else no legal width saves enough any more.
    pub meets_target: bool,
}

/// What the demanded cut is multiplied with where no proposal confirmed it.
const HARDER: f64 = 1.5;
/// Proposals of a step that are measured before the demanded cut grows: those further down the ranking
/// lose accuracy that a larger cut would not.
const MOST_MEASURED: usize = 3;

/// Takes the steps that are left, beginning with the last one in `store`.
///
/// # Errors
/// [`AdaptError`]: whatever ends it early. What is in the store stays, and the next call goes on.
pub fn adapt(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    store: &mut Adaptation,
    event: &mut Listener<'_>,
) -> Result<Adapted, AdaptError> {
    let mut steps = store.steps()?;
    if steps.is_empty() {
        let (taken, weights) = seed(problem, store)?;
        store.record_step(&taken, &weights)?;
        tell(event, &Event::Step { taken: &taken, network: problem.seed, weights: &weights })?;
        steps.push(taken);
    }
    let mut network = path(problem.seed, &steps)?.pop().unwrap_or_else(|| problem.seed.clone());
    let seed_ms = steps[0].latency_ms;
    loop {
        let now = &steps[steps.len() - 1];
        let latency_ms = now.latency_ms;
        let file = WeightsFile::read(&store.weights()?)?;
        let (_, weights) = file.fit(&(problem.twin)(&network))?;
        if latency_ms <= settings.target_ms {
            return Ok(Adapted { network, weights, latency_ms, meets_target: true });
        }
        let parent = Parent { network: &network, weights: &weights, steps: now.step };
        let least_ms = settings.delta * seed_ms * settings.decay.powi(now.step as i32);
        let next = step(problem, settings, &parent, (now, least_ms, seed_ms), store, event)?;
        let Some((taken, narrowed)) = next else {
            return Ok(Adapted { network, weights, latency_ms, meets_target: false });
        };
        network = narrowed;
        let weights = store.weights()?;
        tell(event, &Event::Step { taken: &taken, network: &network, weights: &weights })?;
        steps.push(taken);
    }
}

/// Step 0.
fn seed(problem: &NetAdapt<'_>, store: &mut Adaptation) -> Result<(Step, Vec<u8>), AdaptError> {
    let latency_ms = problem.latencies.of(Reading::Measured, problem.seed, store)?;
    let twin = (problem.twin)(problem.seed);
    let model = Model::new(&twin.lower()?, problem.backend.clone(), 0)?;
    model.load(problem.weights)?;
    let judged = Judged::of(&sample_results(&model, problem.hold_out, 1)?);
    let taken = Step {
        step: 0,
        axis: String::new(),
        from: 0,
        to: 0,
        predicted_ms: latency_ms,
        cut_ms: 0.0,
        latency_ms,
        judged,
    };
    Ok((taken, write_weights(&twin, problem.weights)?))
}

/// The deployed networks of steps in order, from the seed on, which is step 0.
///
/// # Errors
/// Steps of another seed.
pub fn path(seed: &Network, steps: &[Step]) -> Result<Vec<Network>, AdaptError> {
    let mut networks: Vec<Network> = Vec::with_capacity(steps.len());
    for step in steps {
        let network = match networks.last() {
            None => seed.clone(),
            Some(before) => {
                let axis = axes(before)?.into_iter().find(|axis| axis.name == step.axis);
                let other = || AdaptError::OtherSeed { step: step.step, axis: step.axis.clone() };
                axis.ok_or_else(other)?.with_width(before, step.to)
            }
        };
        networks.push(network);
    }
    Ok(networks)
}

/// One step that is measured to save at least `least_ms`; `None` where no legal width saves as much.
fn step(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (now, least_ms, seed_ms): (&Step, f64, f64),
    store: &mut Adaptation,
    event: &mut Listener<'_>,
) -> Result<Option<(Step, Network)>, AdaptError> {
    let mut demanded_ms = least_ms;
    loop {
        let most_ms = now.latency_ms - demanded_ms;
        let proposals = proposed(problem, parent.network, now, most_ms, store)?;
        if proposals.is_empty() {
            return Ok(None);
        }
        let tried = try_all(problem, settings, parent, (now, &proposals), store, event)?;
        let saved: Vec<(f64, &Judged)> =
            tried.iter().map(|(_, t)| (now.latency_ms - t.latency_ms, &t.judged)).collect();
        let ranked = ranked(settings.metric, &now.judged, &saved);
        if ranked.is_empty() {
            let learning_rate = settings.fine_tune.recipe.learning_rate;
            let (step, proposals) = (parent.steps + 1, proposals.len());
            return Err(AdaptError::AllDiverged { step, proposals, learning_rate });
        }
        for place in ranked.into_iter().take(MOST_MEASURED) {
            let (index, tried) = &tried[place];
            let proposal = &proposals[*index];
            let before = (parent.network, now.latency_ms);
            let narrower_ms = problem.latencies.against(&proposal.network, before, store)?;
            if (problem.stop)().is_break() {
                return Err(AdaptError::Stopped);
            }
            let cut_ms = now.latency_ms - narrower_ms;
            if cut_ms < least_ms {
                continue;
            }
            // That was chosen for being fast, and the errors of many steps would add up.
            let seed = (problem.seed, seed_ms);
            let mut latency_ms = problem.latencies.against(&proposal.network, seed, store)?;
            // The first of many readings that is low enough would often be one that is too low.
            if latency_ms <= settings.target_ms {
                latency_ms = problem.latencies.confirmed(&proposal.network, seed, store)?;
            }
            let taken = Step {
                step: tried.step,
                axis: tried.axis.clone(),
                from: tried.from,
                to: tried.to,
                predicted_ms: tried.latency_ms,
                cut_ms,
                latency_ms,
                judged: tried.judged.clone(),
            };
            store.record_step(&taken, &store.tried_weights(tried)?)?;
            return Ok(Some((taken, proposal.network.clone())));
        }
        demanded_ms *= HARDER;
    }
}

/// Proposals of at most `most_ms` by prediction. What the parent measured over what was predicted for
/// it corrects the predictions.
fn proposed(
    problem: &NetAdapt<'_>,
    network: &Network,
    now: &Step,
    most_ms: f64,
    store: &mut Adaptation,
) -> Result<Vec<Proposal>, AdaptError> {
    let predicted_ms = problem.latencies.of(Reading::Predicted, network, store)?;
    let anchor = now.latency_ms / predicted_ms;
    proposals(network, (now.latency_ms, most_ms), &mut |network: &Network| {
        if (problem.stop)().is_break() {
            return Err(AdaptError::Stopped);
        }
        Ok(anchor * problem.latencies.of(Reading::Predicted, network, store)?)
    })
}
