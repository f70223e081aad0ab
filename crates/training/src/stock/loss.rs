//! The cross-entropy loss.

use candle_core::{D, Result, Tensor};

/// The cross-entropy summed over all images, a scalar. `logits` and `targets` are `[batch, classes]`.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    logits.dims2()?;
    candle_nn::ops::log_softmax(logits, D::Minus1)?.mul(targets)?.sum_all()?.neg()
}
