//! The parameters of ops beside tensors, and the statistics that ops return.

use candle_core::Tensor;

/// Stride and groups of a convolution; its padding is kernel / 2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Stride along both axes.
    pub stride: usize,
    /// Number of groups. The convolution is depthwise if it equals the number of input and output
    /// channels.
    pub groups: usize,
}

/// Side and stride of a pooling window; its padding is kernel / 2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Height and width of the window, an odd number.
    pub kernel: usize,
    /// Stride along both axes.
    pub stride: usize,
}

/// The learned parameters of a batch norm, and its epsilon.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Scale, `[channels]`.
    pub weight: &'a Tensor,
    /// Shift, `[channels]`.
    pub bias: &'a Tensor,
    /// Epsilon, added to the variance.
    pub eps: f32,
}

/// Statistics of a batch norm's input over all its pixels, detached from the graph.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Mean, `[channels]`.
    pub mean: Tensor,
    /// Biased variance, `[channels]`.
    pub var: Tensor,
    /// Number of pixels of the whole batch.
    pub count: usize,
}
