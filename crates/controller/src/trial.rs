//! One evaluated genotype.

use search_space::Genotype;

use crate::problem::Candidate;
use crate::reward::Target;

/// An accuracy with its uncertainty, both fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The accuracy.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Which half of a search a trial belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Maximises the reward that was asked for, or accuracy alone.
    Reward,
    /// From the same pool, searches for accuracy under the target.
    Target,
}

/// One evaluated genotype.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What was evaluated.
    pub genotype: Genotype,
    /// Predicted latency in milliseconds; None where the search has no latencies.
    pub latency_ms: Option<f64>,
    /// Accuracy with its error.
    pub estimate: Estimate,
    /// The reward that was asked for.
    pub reward: f64,
    /// When it was proposed.
    pub half: Half,
}

impl Trial {
    /// Whether its predicted latency is at most the target. Everything meets no target.
    pub fn meets(&self, target: Option<Target>) -> bool {
        Candidate { latency_ms: self.latency_ms }.meets(target)
    }
}
