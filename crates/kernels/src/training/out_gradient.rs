//! The gradient that the backward pass of a convolution starts from.

use std::ops::Range;

use super::norm::NormBackward;

/// The gradient of a convolution's output.
#[derive(Debug)]
pub enum OutGradient<'a> {
    /// The gradient as a slice.
    Plain(&'a [f32]),
    /// The gradient of the input of the batch norm that follows the convolution. It is computed block
    /// by block, so that it is used while it is in the cache.
    OfNorm(NormBackward<'a>),
}

impl OutGradient<'_> {
    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Plain(values) => values.len(),
            Self::OfNorm(norm) => norm.input_len(),
        }
    }

    /// The elements of some whole pixels; `scratch` grows as needed.
    pub(crate) fn block<'s>(&'s self, range: Range<usize>, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        match self {
            Self::Plain(values) => &values[range],
            Self::OfNorm(norm) => {
                scratch.resize(range.len(), 0.0);
                norm.input_gradient(range.start, scratch);
                scratch
            }
        }
    }
}
