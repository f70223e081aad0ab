//! The gradient that a convolution's backward pass starts from.

use std::ops::Range;

use super::norm::NormBackward;

/// The gradient of a convolution's output.
#[derive(Debug)]
pub enum OutGradient<'a> {
    /// As it is.
    Plain(&'a [f32]),
    /// That of the input of a batch norm which follows the convolution: computed block by block, so
    /// that it is used while it is in the cache.
    OfNorm(NormBackward<'a>),
}

impl OutGradient<'_> {
    /// Its elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Plain(values) => values.len(),
            Self::OfNorm(norm) => norm.input_len(),
        }
    }

    /// Some of its elements, whole pixels; `scratch` is grown as needed.
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
