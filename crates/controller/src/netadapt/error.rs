//! Errors of an adaptation.

use search_space::{Invalid, LatencyError};
use training::TrainingError;

use crate::study::StudyError;

/// Why an adaptation ends early.
#[derive(Debug, thiserror::Error)]
pub enum AdaptError {
    /// The user stopped the adaptation; it can be resumed.
    #[error("stopped")]
    Stopped,
    /// A setting has an invalid value.
    #[error("{place}: found {found}; expected: {expected}")]
    Setting {
        /// The name of the setting.
        place: &'static str,
        /// The value that was found.
        found: String,
        /// The values that are expected.
        expected: &'static str,
    },
    /// The seed already meets the target.
    #[error("target_ms: found {target_ms}; expected: below {seed_ms:.3}, the seed's latency")]
    TargetMet {
        /// The target in milliseconds.
        target_ms: f64,
        /// The seed's latency in milliseconds.
        seed_ms: f64,
    },
    /// The database of the adaptation cannot be used.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The latency source has no latency for a network.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// A latency is missing among the recorded ones that are replayed.
    #[error("{kind} latency of {network} ({key}): not among the recorded ones")]
    NotRecorded {
        /// `predicted`, `measured`, `relative` or `confirmed`.
        kind: &'static str,
        /// The network's name.
        network: String,
        /// The key under which it would be recorded.
        key: String,
    },
    /// A network cannot be lowered to a graph.
    #[error(transparent)]
    Network(#[from] Invalid),
    /// A proposal cannot be trained or evaluated.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The trainings of all proposals of an iteration diverged.
    #[error(
        "iteration {iteration}: the training of all {proposals} proposals diverged at learning rate \
         {learning_rate}; use a lower one"
    )]
    AllDiverged {
        /// The number of the iteration.
        iteration: usize,
        /// The number of its proposals.
        proposals: usize,
        /// The highest learning rate of the short trainings.
        learning_rate: f32,
    },
    /// An iteration in the database narrows an axis that the seed does not have.
    #[error("iteration {iteration}: found axis {axis}; expected: an axis of the seed")]
    OtherSeed {
        /// The number of the iteration.
        iteration: usize,
        /// The axis that it narrows.
        axis: String,
    },
}
