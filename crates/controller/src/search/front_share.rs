//! The share of a search's trials that go to the front phase.

use crate::search::algorithm::Algorithm;

/// The share of the trials that go where the Pareto front is weakest: from 0 to below 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontShare(f64);

/// A share that no search can have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "found {0}; expected: from 0 to below 1, since the reward and the targets need trials as well"
)]
pub struct FrontShareError(pub f64);

impl FrontShare {
    /// No trials: the search ends with accuracy under the targets.
    pub const NONE: Self = Self(0.0);
    /// A quarter of the trials.
    pub const QUARTER: Self = Self(0.25);

    /// A share of the trials.
    ///
    /// # Errors
    /// Returns an error if it is negative, 1 or more, or NaN.
    pub fn new(share: f64) -> Result<Self, FrontShareError> {
        if (0.0..1.0).contains(&share) { Ok(Self(share)) } else { Err(FrontShareError(share)) }
    }

    /// The share that a search with this algorithm has by default. NSGA-II looks for the whole
    /// front by itself, and random search is what others are compared with: neither has the phase.
    pub fn default_of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Evolution | Algorithm::Ppo | Algorithm::Bayesian => Self::QUARTER,
            Algorithm::Nsga2 | Algorithm::Random => Self::NONE,
        }
    }

    /// The share as a number.
    pub fn share(self) -> f64 {
        self.0
    }

    /// This share of a number of trials, rounded down.
    pub fn of(self, samples: usize) -> usize {
        (self.0 * samples as f64) as usize
    }
}
