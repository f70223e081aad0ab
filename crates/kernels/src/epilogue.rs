//! What happens to a convolution's sums before they are stored.

use crate::activation::Activation;

/// Added and applied to each row of outputs: `act(sum + bias + residual)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epilogue<'a> {
    /// One a column, padded with zeros to whole panels.
    pub(crate) bias: &'a [f32],
    /// Rows of the same shape and stride as the output.
    pub(crate) residual: Option<&'a [f32]>,
    /// Applied last.
    pub(crate) act: Activation,
}
