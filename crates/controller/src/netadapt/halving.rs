//! An iteration's proposals, trained and evaluated; where the user wants it, by successive halving.

use std::ops::Range;

use search_space::Proposal;

use super::adapt::{AdaptSettings, Event, NetAdapt, OnEvent, emit};
use super::choose::ranked;
use super::error::AdaptError;
use super::hold_out::HoldOutEvaluation;
use super::store::{Adaptation, EvaluatedProposal, Iteration};
use super::tune::{Parent, ProposalTraining, Tuned, tune_all};

/// Proposals of which one is not given up.
const KEEPS_ONE_OF: usize = 2;

/// How long proposals are trained before some are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// All for all training steps.
    Full,
    /// After a quarter and after half of the steps the worse half is given up, which leaves half of
    /// the work (successive halving: Jamieson and Talwalkar 2016).
    Halving,
}

impl Schedule {
    /// The parts of `steps` after each of which proposals are evaluated.
    fn parts(self, steps: u64) -> Vec<Range<u64>> {
        let ends = match self {
            Self::Full => vec![steps],
            Self::Halving => vec![steps / 4, steps / 2, steps],
        };
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(|(start, end)| start..end).filter(|part| !part.is_empty()).collect()
    }

    /// What a proposal costs on the average where all may be trained for `steps`: the training steps
    /// that it gets, and how often it is evaluated.
    pub fn mean_cost(self, steps: u64) -> (f64, f64) {
        let (mut left, mut trained, mut evaluated) = (1.0, 0.0, 0.0);
        for part in self.parts(steps) {
            trained += left * (part.end - part.start) as f64;
            evaluated += left;
            left /= KEEPS_ONE_OF as f64;
        }
        (trained, evaluated)
    }
}

/// A proposal that is not given up.
struct Left {
    /// Index of the proposal.
    index: usize,
    /// After the parts before.
    before: Option<EvaluatedProposal>,
}

/// The proposals that were trained to the end, each with its index. What was trained before is not
/// again.
pub(super) fn train_proposals(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (now, proposals): (&Iteration, &[Proposal]),
    store: &mut Adaptation,
    on_event: &mut OnEvent<'_>,
) -> Result<Vec<(usize, EvaluatedProposal)>, AdaptError> {
    let parts = settings.schedule.parts(settings.fine_tune.recipe.steps);
    let mut left: Vec<Left> =
        (0..proposals.len()).map(|index| Left { index, before: None }).collect();
    for (rung, part) in parts.iter().enumerate() {
        let after =
            train_part(problem, settings, parent, (proposals, &left, part), store, on_event)?;
        if rung + 1 == parts.len() {
            return Ok(after);
        }
        let saved: Vec<(f64, &HoldOutEvaluation)> =
            after.iter().map(|(_, t)| (now.latency_ms - t.latency_ms, &t.hold_out)).collect();
        let better = ranked(settings.metric, &now.hold_out, &saved);
        let mut kept: Vec<usize> =
            better.into_iter().take(after.len().div_ceil(KEEPS_ONE_OF)).collect();
        kept.sort_unstable();
        let one = |place: usize| {
            let (index, before) = &after[place];
            Left { index: *index, before: Some(before.clone()) }
        };
        left = kept.into_iter().map(one).collect();
    }
    Ok(Vec::new())
}

/// Those in `left`, each after the parts before, trained for one more.
fn train_part(
    problem: &NetAdapt<'_>,
    settings: &AdaptSettings,
    parent: &Parent<'_>,
    (proposals, left, part): (&[Proposal], &[Left], &Range<u64>),
    store: &mut Adaptation,
    on_event: &mut OnEvent<'_>,
) -> Result<Vec<(usize, EvaluatedProposal)>, AdaptError> {
    let iteration = parent.iterations + 1;
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
    };
    emit(on_event, &event)?;
    tune_all(problem, settings, parent, (&trainings, part), &mut |tuned: Tuned| {
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
    })?;
    let with_index = |(index, evaluated): (usize, Option<_>)| Some((index, evaluated?));
    Ok(evaluated.into_iter().enumerate().filter_map(with_index).collect())
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn parts_are_all_steps_in_order() {
        let parts = |schedule: Schedule, steps| -> Vec<(u64, u64)> {
            schedule.parts(steps).into_iter().map(|part| (part.start, part.end)).collect()
        };
        assert_eq!(parts(Schedule::Full, 7), [(0, 7)]);
        assert_eq!(parts(Schedule::Halving, 100), [(0, 25), (25, 50), (50, 100)]);
        assert_eq!(parts(Schedule::Halving, 3), [(0, 1), (1, 3)]);
        assert_eq!(parts(Schedule::Halving, 1), [(0, 1)]);
    }
}
