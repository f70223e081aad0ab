//! One evaluated genotype.

use search_space::Genotype;

use crate::accuracy::Estimate;
use crate::search::reward::{Target, meets};
use crate::study::StudyPoint;

/// What a search maximises at the moment: first the reward, then accuracy under the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Maximises the reward that was asked for, or accuracy alone.
    Reward,
    /// From the same pool, searches for accuracy under the target.
    Target,
}

impl Phase {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Reward => "reward",
            Phase::Target => "target",
        }
    }
}

/// One evaluated genotype.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What was evaluated.
    pub genotype: Genotype,
    /// Predicted latency in milliseconds; `None` where the search has no latencies.
    pub latency_ms: Option<f64>,
    /// Accuracy with its standard error.
    pub estimate: Estimate,
    /// The reward that was asked for.
    pub reward: f64,
    /// The phase in which it was proposed.
    pub phase: Phase,
}

impl Trial {
    /// Its latency and accuracy.
    pub fn point(&self) -> StudyPoint {
        StudyPoint { latency_ms: self.latency_ms, accuracy: self.estimate.accuracy }
    }

    /// Whether its predicted latency is at most the target. Every trial meets no target.
    pub fn meets(&self, target: Option<Target>) -> bool {
        meets(self.latency_ms, target)
    }
}
