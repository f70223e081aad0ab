//! One evaluated genotype.

use search_space::Genotype;

use crate::accuracy::Estimate;
use crate::search::reward::{Target, meets};
use crate::study::StudyPoint;

/// The phases of a search: it maximises first the reward, then accuracy under the target, and then
/// accuracy at every latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Maximises the reward of the settings, or accuracy alone.
    Reward,
    /// Searches for accuracy under the target, from the same pool of trials.
    Target,
    /// Improves the Pareto front at all latencies, from the same pool of trials.
    Front,
}

impl Phase {
    /// All phases in their order.
    pub const ALL: [Self; 3] = [Self::Reward, Self::Target, Self::Front];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Reward => "reward",
            Phase::Target => "target",
            Phase::Front => "front",
        }
    }
}

/// One evaluated genotype.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The genotype that was evaluated.
    pub genotype: Genotype,
    /// The predicted latency in milliseconds; `None` if the search has no latencies.
    pub latency_ms: Option<f64>,
    /// The accuracy with its standard error.
    pub estimate: Estimate,
    /// The reward of the settings; in a search for accuracy alone, the accuracy.
    pub reward: f64,
    /// The phase in which it was proposed.
    pub phase: Phase,
}

impl Trial {
    /// The latency and accuracy of the trial.
    pub fn point(&self) -> StudyPoint {
        StudyPoint { latency_ms: self.latency_ms, accuracy: self.estimate.accuracy }
    }

    /// Whether the predicted latency is at most the target; true without a target.
    pub fn meets(&self, target: Option<Target>) -> bool {
        meets(self.latency_ms, target)
    }
}
