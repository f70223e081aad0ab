//! Why an adaptation ends early.

use search_space::{Invalid, LatencyError};
use training::TrainingError;

use crate::study::StudyError;

/// Why an adaptation ends early.
#[derive(Debug, thiserror::Error)]
pub enum AdaptError {
    /// The user stopped it; it can be resumed.
    #[error("stopped")]
    Stopped,
    /// A setting that cannot be.
    #[error("{place}: found {found}; expected: {expected}")]
    Setting {
        /// Its name.
        place: &'static str,
        /// Its value.
        found: String,
        /// Its possible values.
        expected: &'static str,
    },
    /// The seed meets the target already.
    #[error("target_ms: found {target_ms}; expected: below {seed_ms:.3}, the seed's latency")]
    TargetMet {
        /// The target in milliseconds.
        target_ms: f64,
        /// The seed's latency in milliseconds.
        seed_ms: f64,
    },
    /// Its database cannot be used.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A latency cannot be had.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// Recorded latencies are replayed, and one is not among them.
    #[error("{kind} latency of {network} ({key}): not among the recorded ones")]
    NotRecorded {
        /// `predicted`, `measured`, `relative` or `confirmed`.
        kind: &'static str,
        /// The network's name.
        network: String,
        /// What it is recorded under.
        key: String,
    },
    /// A network that does not lower.
    #[error(transparent)]
    Network(#[from] Invalid),
    /// A proposal cannot be trained or evaluated.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The trainings of all proposals of an iteration diverged.
    #[error(
        "iteration {iteration}: the training of all {proposals} proposals diverged, learning rate {learning_rate}; \
         try a lower one"
    )]
    AllDiverged {
        /// Its number.
        iteration: usize,
        /// Its proposals.
        proposals: usize,
        /// The highest of the short trainings.
        learning_rate: f32,
    },
    /// An iteration in the database that narrows an axis which the seed does not have.
    #[error("iteration {iteration}: found the axis {axis}; expected: those of the seed")]
    OtherSeed {
        /// Its number.
        iteration: usize,
        /// The axis that it narrows.
        axis: String,
    },
}
