//! Trains and evaluates the proposals of an iteration, optionally by successive halving.

use std::ops::Range;

use search_space::Proposal;

use super::choose::{Saving, ranked};
use super::error::AdaptError;
use super::problem::{Current, Event, Session, emit};
use super::schedule::KEEPS_ONE_OF;
use super::store::EvaluatedProposal;
use super::tune::{ProposalTraining, Tuned, tune_all};

/// A proposal that was trained and evaluated, with its index.
#[derive(Clone)]
pub(super) struct Evaluated {
    /// The index among the iteration's proposals.
    pub(super) index: usize,
    pub(super) proposal: EvaluatedProposal,
}

/// A proposal that was not dropped.
struct Left {
    /// The index among the iteration's proposals.
    index: usize,
    /// Its evaluation after the previous part of the training; `None` before the first part.
    before: Option<EvaluatedProposal>,
}

impl Session<'_, '_, '_> {
    /// Trains the proposals and returns those that were trained to the end. A proposal whose
    /// evaluation is stored is not trained again.
    pub(super) fn train_proposals(
        &mut self,
        current: &Current<'_>,
        proposals: &[Proposal],
    ) -> Result<Vec<Evaluated>, AdaptError> {
        let parts = self.settings.schedule.parts(self.settings.fine_tune.recipe.steps);
        let mut left: Vec<Left> =
            (0..proposals.len()).map(|index| Left { index, before: None }).collect();
        for (rung, part) in parts.iter().enumerate() {
            let after = self.train_part(current, proposals, &left, part)?;
            if rung + 1 == parts.len() {
                return Ok(after);
            }
            let ranked = self.ranked(current, &after);
            let mut kept: Vec<usize> =
                ranked.into_iter().take(after.len().div_ceil(KEEPS_ONE_OF)).collect();
            kept.sort_unstable();
            let one = |place: usize| {
                let Evaluated { index, proposal } = after[place].clone();
                Left { index, before: Some(proposal) }
            };
            left = kept.into_iter().map(one).collect();
        }
        Ok(Vec::new())
    }

    /// Indices into `evaluated`, from the best proposal to the worst.
    pub(super) fn ranked(&self, current: &Current<'_>, evaluated: &[Evaluated]) -> Vec<usize> {
        let proposals = evaluated.iter().map(|evaluated| &evaluated.proposal);
        let savings = proposals.map(|proposal| Saving {
            saved_ms: current.measured.latency_ms - proposal.latency_ms,
            hold_out: &proposal.hold_out,
        });
        let savings: Vec<Saving<'_>> = savings.collect();
        ranked(self.settings.metric, &current.iteration.hold_out, &savings)
    }

    /// Trains the proposals in `left` for one more part, each from the end of its previous part.
    fn train_part(
        &mut self,
        current: &Current<'_>,
        proposals: &[Proposal],
        left: &[Left],
        part: &Range<u64>,
    ) -> Result<Vec<Evaluated>, AdaptError> {
        let iteration = current.next_number();
        let Session { problem, settings, store, on_event } = self;
        let mut known = store.proposals()?;
        known.retain(|known| known.iteration == iteration && known.trained_steps == part.end);
        let mut evaluated: Vec<Option<EvaluatedProposal>> = vec![None; proposals.len()];
        let mut trainings = Vec::new();
        for Left { index, before } in left {
            let proposal = &proposals[*index];
            let same =
                |known: &&EvaluatedProposal| known.axis == proposal.axis && known.to == proposal.to;
            evaluated[*index] = known.iter().find(same).cloned();
            if evaluated[*index].is_none() {
                let trained =
                    before.as_ref().map(|before| store.proposal_weights(before)).transpose()?;
                trainings.push(ProposalTraining { index: *index, proposal, trained });
            }
        }
        let event = Event::Proposals {
            iteration,
            proposals: left.len(),
            trained: left.len() - trainings.len(),
            trained_steps: part.end,
            new_steps: part.end - part.start,
        };
        emit(on_event, &event)?;
        let mut on_tuned = |tuned: Tuned| {
            let Tuned { index, hold_out, weights, seconds } = tuned;
            let Proposal { axis, from, to, latency_ms, .. } = proposals[index].clone();
            let trained_steps = part.end;
            let new = EvaluatedProposal {
                iteration,
                axis,
                from,
                to,
                trained_steps,
                latency_ms,
                hold_out,
                seconds,
            };
            store.record_proposal(&new, weights.as_deref())?;
            emit(on_event, &Event::Evaluated(&new))?;
            evaluated[index] = Some(new);
            Ok((problem.stop)())
        };
        tune_all(problem, settings, current, (&trainings, part), &mut on_tuned)?;
        let with_index =
            |(index, proposal): (usize, Option<_>)| Some(Evaluated { index, proposal: proposal? });
        Ok(evaluated.into_iter().enumerate().filter_map(with_index).collect())
    }
}
