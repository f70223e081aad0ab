//! The segments of a search: consecutive trials with one objective each.

use crate::search::reward::{Reward, Target};
use crate::search::settings::{Goal, SearchSettings};
use crate::search::trial::{Phase, Trial};

/// What a segment of trials maximises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Objective {
    /// The reward of the settings.
    Reward(Reward, Target),
    /// Accuracy at a latency of at most the target.
    UnderTarget(Target),
    /// Accuracy at every latency.
    Front,
    /// Accuracy alone.
    Accuracy,
}

/// Consecutive trials with one objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) objective: Objective,
    /// The number of trials at its end.
    pub(crate) end: usize,
}

impl Objective {
    pub(crate) fn score(self, trial: &Trial) -> f64 {
        let accuracy = trial.estimate.accuracy;
        match (self, trial.latency_ms) {
            (Objective::Reward(reward, target), Some(ms)) => reward.of(accuracy, ms, target),
            (Objective::UnderTarget(target), Some(ms)) => Reward::Hard.of(accuracy, ms, target),
            (Objective::Front | Objective::Accuracy, _) | (_, None) => accuracy,
        }
    }

    pub(crate) fn phase(self) -> Phase {
        match self {
            Objective::Reward(..) | Objective::Accuracy => Phase::Reward,
            Objective::UnderTarget(_) => Phase::Target,
            Objective::Front => Phase::Front,
        }
    }
}

/// The segments of a search, in order. The front phase has its share of the trials; the two phases
/// before it have half of the rest each, divided among the targets. With the soft reward, the first
/// phase is a single segment, since a target is only a constant factor there. A search for accuracy
/// alone is one segment. All trials of an extension search for accuracy under the targets, which
/// share them.
pub(crate) fn segments(settings: &SearchSettings) -> Vec<Segment> {
    let samples = settings.first_samples();
    let totals: Vec<usize> = settings.earlier.iter().copied().chain([settings.samples]).collect();
    let Goal::Targets { reward, targets, front } = &settings.goal else {
        let segment = |end: usize| Segment { objective: Objective::Accuracy, end };
        return totals.into_iter().map(segment).collect();
    };
    let rewarded = match reward {
        Reward::Soft(_) => &targets[..1],
        Reward::Hard | Reward::Absolute(_) => &targets[..],
    };
    let front = front.of(samples);
    let (half, targeted) = ((samples - front) / 2, samples - front);
    let shared = |objective: &dyn Fn(Target) -> Objective, targets: &[Target], start, end| {
        let share = |index: usize| start + (end - start) * (index + 1) / targets.len();
        let segment =
            |(index, &target)| Segment { objective: objective(target), end: share(index) };
        targets.iter().enumerate().map(segment).collect::<Vec<Segment>>()
    };
    let mut segments = shared(&|target| Objective::Reward(*reward, target), rewarded, 0, half);
    segments.extend(shared(&Objective::UnderTarget, targets, half, targeted));
    if front > 0 {
        segments.push(Segment { objective: Objective::Front, end: samples });
    }
    for extension in totals.windows(2) {
        let (start, end) = (extension[0], extension[1]);
        segments.extend(shared(&Objective::UnderTarget, targets, start, end));
    }
    segments
}
