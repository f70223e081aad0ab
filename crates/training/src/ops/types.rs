//! What the ops take beside tensors, and what they give.

use candle_core::Tensor;

/// How a convolution moves; its padding is kernel / 2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Stride, the same along both axes.
    pub stride: usize,
    /// Groups; depthwise where they are the input's and the output's channels.
    pub groups: usize,
}

/// Side and stride of a pooling window; its padding is kernel / 2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Side of the window, odd.
    pub kernel: usize,
    /// Stride, the same along both axes.
    pub stride: usize,
}

/// What a batch norm learns, and its epsilon.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Scale, `[channels]`.
    pub weight: &'a Tensor,
    /// Shift, `[channels]`.
    pub bias: &'a Tensor,
    /// Added to the variance.
    pub eps: f32,
}

/// Statistics of a batch norm's input over all its pixels, detached from the graph.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// `[channels]`
    pub mean: Tensor,
    /// Biased, `[channels]`.
    pub var: Tensor,
    /// Pixels that they are taken over.
    pub count: usize,
}
