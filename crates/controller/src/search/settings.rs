//! The settings of a search, and the reasons why it stops early.

use search_space::LatencyError;

use crate::accuracy::AccuracyError;
use crate::search::algorithm::Algorithm;
use crate::search::front_share::FrontShare;
use crate::search::latency_range::Range;
use crate::search::reward::{Reward, RewardError, Target};
use crate::study::StudyError;

/// The settings of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// What is searched for.
    pub goal: Goal,
    /// The total number of trials.
    pub samples: usize,
    /// The total numbers of trials before each extension of the study, increasing and below
    /// `samples`; empty if it was not extended. The trials of an extension belong to the last phase.
    pub earlier: Vec<usize>,
    /// The seed of all random numbers.
    pub seed: u64,
}

impl SearchSettings {
    /// The number of trials without extensions, which the phases share.
    pub fn first_samples(&self) -> usize {
        self.earlier.first().copied().unwrap_or(self.samples)
    }

    /// Checks the rewards of all networks in a range of latencies.
    ///
    /// # Errors
    /// [`RewardError::Huge`] if a reward is too large to compute with.
    pub fn check_rewards(&self, range: &Range) -> Result<(), RewardError> {
        let Goal::Targets { reward, targets, .. } = &self.goal else { return Ok(()) };
        let ends_ms = [range.fastest_ms, range.slowest_ms];
        targets.iter().try_for_each(|&target| reward.check(ends_ms, target))
    }

    /// The settings with which a study goes on to `samples` trials. `self` has the settings with which
    /// it was last run. `None` if that is fewer trials than before.
    #[must_use]
    pub fn extended_to(mut self, samples: usize) -> Option<Self> {
        if samples > self.samples {
            self.earlier.push(self.samples);
        }
        let extended = samples >= self.samples;
        self.samples = samples;
        extended.then_some(self)
    }
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Networks that meet target latencies.
    Targets {
        /// What the first phase maximises.
        reward: Reward,
        /// The target latencies, at least one.
        targets: Vec<Target>,
        /// The share of the trials that improve the Pareto front away from the targets.
        front: FrontShare,
    },
    /// Accuracy alone.
    Accuracy,
}

impl Goal {
    /// The target latencies; none in a search for accuracy alone.
    pub fn targets(&self) -> &[Target] {
        match self {
            Goal::Targets { targets, .. } => targets,
            Goal::Accuracy => &[],
        }
    }

    /// The target latencies, or a single `None` in a search for accuracy alone.
    pub fn each_target(&self) -> Vec<Option<Target>> {
        match self {
            Goal::Targets { targets, .. } => targets.iter().copied().map(Some).collect(),
            Goal::Accuracy => vec![None],
        }
    }

    /// The reward of an accuracy (a fraction) at a latency in milliseconds. It is the accuracy where
    /// there is no target or latency.
    pub fn reward(&self, accuracy: f64, latency_ms: Option<f64>, target: Option<Target>) -> f64 {
        match (self, latency_ms.zip(target)) {
            (Goal::Targets { reward, .. }, Some((ms, target))) => reward.of(accuracy, ms, target),
            _ => accuracy,
        }
    }
}

/// Why a search stopped early.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A latency is not available.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// An accuracy is not available.
    #[error(transparent)]
    Accuracy(AccuracyError),
    /// The study cannot be read or written.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// `progress` stopped the search; the study holds all trials so far.
    #[error("stopped")]
    Stopped,
    /// The study holds other genotypes than this search would have proposed.
    #[error(
        "trial {trial}: the study holds {stored} where this version of nas proposes {proposed}; \
         start a new study"
    )]
    Diverged {
        /// The index of the trial, counted from 0.
        trial: usize,
        /// The genotype in the study.
        stored: String,
        /// The genotype that this search proposes.
        proposed: String,
    },
}

impl From<AccuracyError> for SearchError {
    fn from(error: AccuracyError) -> Self {
        match error {
            AccuracyError::Stopped => Self::Stopped,
            error => Self::Accuracy(error),
        }
    }
}
