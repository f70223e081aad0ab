//! The errors of compiling a graph.

use search_space::Invalid;

/// Why a graph and its weights cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The weights of a node have another kind or size than it needs.
    #[error(transparent)]
    Weights(#[from] Invalid),
    /// A batch norm does not follow a convolution that it could be folded into.
    #[error(
        "{node}: found a batch norm that no convolution comes directly before; \
         expected: batch norms that can be folded into a convolution"
    )]
    UnfoldedNorm {
        /// The node's name.
        node: String,
    },
    /// The threads could not be started.
    #[error("could not start {threads} threads: {message}")]
    Threads {
        /// The number that was asked for.
        threads: usize,
        /// The reason, from rayon.
        message: String,
    },
}
