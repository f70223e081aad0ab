//! Errors.

/// What a trainer refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainingError {
    /// A slice of another length than the network and the other slices need.
    #[error("{what}: found {found} numbers; allowed: {allowed}")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What it may be.
        allowed: String,
    },
    /// Not a thread count.
    #[error("threads: found 0; allowed: 1 and more")]
    NoThreads,
}
