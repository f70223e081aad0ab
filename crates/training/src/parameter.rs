//! What a network learns, and what its batch norms remember.

/// Whether weight decay applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// Weights of convolutions and linear layers.
    Applies,
    /// Biases, and batch norm's scale and shift.
    None,
}

/// A tensor that is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its node's name with `.weight` or `.bias`, as in PyTorch.
    pub name: String,
    /// In PyTorch's layout: `[out, in / groups, kernel, kernel]`, `[out, in]` or `[channels]`.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
    /// Whether weight decay applies.
    pub decay: Decay,
}

/// Running statistics of a batch norm, each `[channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningStatistics {
    /// The batch norm's node.
    pub name: String,
    /// Running mean.
    pub mean: Vec<f32>,
    /// Running unbiased variance.
    pub var: Vec<f32>,
}
