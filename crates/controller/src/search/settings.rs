//! What a search is asked for, and why it stops early.

use search_space::LatencyError;

use crate::search::algorithm::Algorithm;
use crate::search::reward::{Reward, Target};
use crate::study::StudyError;

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// What is searched for.
    pub goal: Goal,
    /// Trials in all.
    pub samples: usize,
    /// Of all random numbers.
    pub seed: u64,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Networks that meet latencies.
    Targets {
        /// What the first half maximises.
        reward: Reward,
        /// The latencies; at least one.
        targets: Vec<Target>,
    },
    /// Accuracy alone.
    Accuracy,
}

impl Goal {
    /// The latencies to meet; none where accuracy alone is searched for.
    pub fn targets(&self) -> &[Target] {
        match self {
            Goal::Targets { targets, .. } => targets,
            Goal::Accuracy => &[],
        }
    }
}

/// Why a search stopped.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A latency could not be had.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// The study could not be read or written.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// `progress` asked to stop; the study holds all trials so far.
    #[error("stopped")]
    Stopped,
    /// The study holds other genotypes than this search would have proposed.
    #[error(
        "trial {trial}: the study holds {stored} where this version of nas proposes {proposed}; \
         start a new study"
    )]
    Diverged {
        /// Counted from 0.
        trial: usize,
        /// The study's genotype.
        stored: String,
        /// This search's.
        proposed: String,
    },
}
