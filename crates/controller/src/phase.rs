//! What a search maximises, stretch by stretch.

use crate::reward::{Reward, Target};
use crate::search::{Goal, SearchSettings};
use crate::trial::{Half, Trial};

/// What a stretch of trials maximises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Objective {
    /// The reward that was asked for.
    Reward(Reward, Target),
    /// Accuracy at a latency of the target at most.
    UnderTarget(Target),
    /// Accuracy alone.
    Accuracy,
}

/// A stretch of trials that searches for one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Phase {
    pub(crate) objective: Objective,
    /// Trials after it.
    pub(crate) end: usize,
}

impl Objective {
    pub(crate) fn score(self, trial: &Trial) -> f64 {
        let accuracy = trial.estimate.accuracy;
        match (self, trial.latency_ms) {
            (Objective::Reward(reward, target), Some(ms)) => reward.of(accuracy, ms, target),
            (Objective::UnderTarget(target), Some(ms)) => Reward::Hard.of(accuracy, ms, target),
            (Objective::Accuracy, _) | (_, None) => accuracy,
        }
    }

    pub(crate) fn half(self) -> Half {
        match self {
            Objective::Reward(..) | Objective::Accuracy => Half::Reward,
            Objective::UnderTarget(_) => Half::Target,
        }
    }
}

/// A half is shared out among the targets; the first one only where they make a difference to the
/// reward: in the soft one, the target is a constant factor. Accuracy alone is searched for in one
/// stretch.
pub(crate) fn phases(settings: &SearchSettings) -> Vec<Phase> {
    let samples = settings.samples;
    let Goal::Targets { reward, targets } = &settings.goal else {
        return vec![Phase { objective: Objective::Accuracy, end: samples }];
    };
    let rewarded = match reward {
        Reward::Soft(_) => &targets[..1],
        Reward::Hard | Reward::Absolute(_) => &targets[..],
    };
    let half = samples / 2;
    let shared = |objective: &dyn Fn(Target) -> Objective, targets: &[Target], start, end| {
        let share = |index: usize| start + (end - start) * (index + 1) / targets.len();
        let phase = |(index, &target)| Phase { objective: objective(target), end: share(index) };
        targets.iter().enumerate().map(phase).collect::<Vec<Phase>>()
    };
    let mut phases = shared(&|target| Objective::Reward(*reward, target), rewarded, 0, half);
    phases.extend(shared(&Objective::UnderTarget, targets, half, samples));
    phases
}
