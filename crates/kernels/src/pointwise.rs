//! A pointwise convolution on one thread, as a part of a larger kernel.

use crate::activation::Activation;
use crate::packed::PackedMatrix;
use crate::product::{Product, Runs};

/// A pointwise convolution and its activation.
#[derive(Clone, Debug)]
pub struct Pointwise {
    /// The weights, `[in_channels, out_channels]`, and the bias.
    pub weights: PackedMatrix,
    /// The activation after the convolution.
    pub act: Activation,
}

impl Pointwise {
    /// Computes `pixels` pixels; the inputs and the residual may have more.
    pub(crate) fn apply(
        &self,
        a: &[f32],
        residual: Option<&[f32]>,
        pixels: usize,
        out: &mut [f32],
    ) {
        let Self { weights, act } = self;
        let runs = Runs::one(weights.depth);
        Product {
            a,
            a_stride: weights.depth,
            runs,
            weights,
            first_weight: 0,
            residual,
            act: *act,
            rows: pixels,
        }
        .write(out, weights.columns);
    }
}
