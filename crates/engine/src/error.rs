//! Why a graph and weights cannot be compiled.

use search_space::Invalid;

/// The node that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Tensors of another kind or size than the node needs.
    #[error(transparent)]
    Weights(#[from] Invalid),
    /// A batch norm that does not follow a convolution, so that nothing can take it up.
    #[error("{node}: batch norm that cannot be folded into a convolution before it")]
    UnfoldedNorm {
        /// The node's name.
        node: String,
    },
    /// The operating system gave no threads.
    #[error("{threads} threads: {message}")]
    Threads {
        /// As asked for.
        threads: usize,
        /// What rayon says.
        message: String,
    },
}
