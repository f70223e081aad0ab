//! The iterations from the seed to the target.

use search_space::{Network, Proposal, axes, proposals};
use training::{Model, WeightsFile, sample_results, write_weights};

use super::error::AdaptError;
use super::halving::Evaluated;
use super::hold_out::HoldOutEvaluation;
use super::problem::{AdaptSettings, Adapted, Current, Event, NetAdapt, OnEvent, Session, emit};
use super::store::{Adaptation, Iteration};
use crate::final_trainings::MeasuredNetwork;

/// The factor by which the demanded predicted reduction grows when no measured proposal achieves
/// the minimum reduction.
const DEMAND_GROWTH: f64 = 1.5;
/// The maximum number of proposals that are measured before the demanded reduction grows. Proposals
/// further down the ranking lose more accuracy than a larger reduction would cost.
const MAX_MEASURED: usize = 3;

/// Runs the remaining iterations, continuing after the last one in `store`.
///
/// # Errors
/// [`AdaptError`] if the adaptation ends early. The store keeps what was recorded, and the next
/// call continues from it.
pub fn adapt(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    store: &mut Adaptation,
    on_event: &mut OnEvent<'_>,
) -> Result<Adapted, AdaptError> {
    Session { problem, settings, store, on_event }.run()
}

/// The deployed networks of `iterations` in order, starting with the seed, which is iteration 0.
///
/// # Errors
/// [`AdaptError::OtherSeed`] if the iterations belong to another seed.
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

impl Session<'_, '_, '_> {
    fn run(&mut self) -> Result<Adapted, AdaptError> {
        let seed = self.problem.seed;
        let mut iterations = self.store.iterations()?;
        if iterations.is_empty() {
            iterations.push(self.record_seed()?);
        }
        let network = path(seed, &iterations)?.pop().unwrap_or_else(|| seed.clone());
        let mut iteration = iterations[iterations.len() - 1].clone();
        let seed = MeasuredNetwork { network: seed.clone(), latency_ms: iterations[0].latency_ms };
        let mut measured = MeasuredNetwork { network, latency_ms: iteration.latency_ms };
        loop {
            let file = WeightsFile::read(&self.store.weights()?)?;
            let (_, weights) = file.fit(&(self.problem.variant)(&measured.network))?;
            let meets_target = measured.latency_ms <= self.settings.target_ms;
            let next = match meets_target {
                true => None,
                false => {
                    let current =
                        Current { measured: &measured, weights: &weights, iteration: &iteration };
                    self.iterate(&seed, &current)?
                }
            };
            let Some((completed, network)) = next else {
                let MeasuredNetwork { network, latency_ms } = measured;
                return Ok(Adapted { network, weights, latency_ms, meets_target });
            };
            self.emit_completed(&completed, &network)?;
            measured = MeasuredNetwork { network, latency_ms: completed.latency_ms };
            iteration = completed;
        }
    }

    /// Measures, evaluates and records the seed as iteration 0.
    fn record_seed(&mut self) -> Result<Iteration, AdaptError> {
        let problem = self.problem;
        let latency_ms = problem.latencies.measured_ms(problem.seed, self.store)?;
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
        self.store.record_iteration(&completed, &write_weights(&variant, problem.weights)?)?;
        self.emit_completed(&completed, problem.seed)?;
        Ok(completed)
    }

    fn emit_completed(
        &mut self,
        completed: &Iteration,
        network: &Network,
    ) -> Result<(), AdaptError> {
        let weights = self.store.weights()?;
        emit(self.on_event, &Event::Iteration { completed, network, weights: &weights })
    }

    /// One iteration: narrows the current network until its latency falls by at least the minimum
    /// share of the seed's latency. `None` if no legal width saves that much.
    fn iterate(
        &mut self,
        seed: &MeasuredNetwork,
        current: &Current<'_>,
    ) -> Result<Option<(Iteration, Network)>, AdaptError> {
        let AdaptSettings { delta, decay, .. } = *self.settings;
        let min_cut_ms = delta * seed.latency_ms * decay.powi(current.iteration.number as i32);
        let mut demanded_ms = min_cut_ms;
        loop {
            let proposing = Event::Proposing { iteration: current.next_number() };
            emit(self.on_event, &proposing)?;
            let proposals = self.proposals(current, demanded_ms)?;
            if proposals.is_empty() {
                return Ok(None);
            }
            let trained = self.train_proposals(current, &proposals)?;
            let ranked = self.ranked(current, &trained);
            if ranked.is_empty() {
                return Err(AdaptError::AllDiverged {
                    iteration: current.next_number(),
                    proposals: proposals.len(),
                    learning_rate: self.settings.fine_tune.recipe.learning_rate,
                });
            }
            for place in ranked.into_iter().take(MAX_MEASURED) {
                let evaluated = &trained[place];
                let network = &proposals[evaluated.index].network;
                self.emit_measuring(evaluated)?;
                let latency_ms = self.latency_ms(seed, current, network)?;
                if current.measured.latency_ms - latency_ms >= min_cut_ms {
                    let completed = self.complete(current, evaluated, latency_ms)?;
                    return Ok(Some((completed, network.clone())));
                }
            }
            demanded_ms *= DEMAND_GROWTH;
        }
    }

    /// Proposals whose predicted latency is at least `demanded_ms` below the measured latency of
    /// the current network. Predictions are multiplied by the ratio of the measured to the
    /// predicted latency of the current network.
    fn proposals(
        &mut self,
        current: &Current<'_>,
        demanded_ms: f64,
    ) -> Result<Vec<Proposal>, AdaptError> {
        let Self { problem, store, .. } = self;
        let MeasuredNetwork { network, latency_ms } = current.measured;
        let correction = latency_ms / problem.latencies.predicted_ms(network, store)?;
        let max_ms = latency_ms - demanded_ms;
        proposals(network, (*latency_ms, max_ms), &mut |network: &Network| {
            if (problem.stop)().is_break() {
                return Err(AdaptError::Stopped);
            }
            Ok(correction * problem.latencies.predicted_ms(network, store)?)
        })
    }

    /// The latency of a narrowed network in milliseconds: the mean of a reading relative to the
    /// current network and one relative to the seed. The first reading is the more precise, since
    /// the networks are similar, but its errors would add up over the iterations; in the mean they
    /// are halved with each iteration.
    fn latency_ms(
        &mut self,
        seed: &MeasuredNetwork,
        current: &Current<'_>,
        network: &Network,
    ) -> Result<f64, AdaptError> {
        let latencies = self.problem.latencies;
        let of_current_ms = latencies.relative_ms(network, current.measured, self.store)?;
        if (self.problem.stop)().is_break() {
            return Err(AdaptError::Stopped);
        }
        let of_seed_ms = latencies.relative_ms(network, seed, self.store)?;
        let latency_ms = (of_current_ms + of_seed_ms) / 2.0;
        // The first latency under the target is biased low, so the median of three new readings
        // replaces it.
        match latency_ms <= self.settings.target_ms {
            true => latencies.confirmed_ms(network, seed, self.store),
            false => Ok(latency_ms),
        }
    }

    fn emit_measuring(&mut self, evaluated: &Evaluated) -> Result<(), AdaptError> {
        emit(self.on_event, &Event::Measuring(&evaluated.proposal))
    }

    fn complete(
        &mut self,
        current: &Current<'_>,
        evaluated: &Evaluated,
        latency_ms: f64,
    ) -> Result<Iteration, AdaptError> {
        let proposal = &evaluated.proposal;
        let completed = Iteration {
            number: proposal.iteration,
            axis: proposal.axis.clone(),
            from: proposal.from,
            to: proposal.to,
            predicted_ms: proposal.latency_ms,
            cut_ms: current.measured.latency_ms - latency_ms,
            latency_ms,
            hold_out: proposal.hold_out.clone(),
        };
        self.store.record_iteration(&completed, &self.store.proposal_weights(proposal)?)?;
        Ok(completed)
    }
}
