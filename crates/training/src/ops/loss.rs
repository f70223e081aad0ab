//! The cross-entropy loss.

use candle_core::{Result, Tensor};

use super::elements::{Gradients, SliceOp, Slices, of_shape, readable, refused};

/// The cross-entropy, -target x log softmax(logits), summed over all images to a scalar. `logits` and
/// `targets` are `[batch, classes]`, and each row of `targets` sums to 1.
///
/// # Errors
/// Tensors of other shapes.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    const NAME: &str = "cross_entropy";
    let logits = readable(NAME, "logits", logits)?;
    let &[_, classes] = logits.dims() else {
        return Err(refused(NAME, "logits", &logits.dims(), &"[batch, classes]"));
    };
    let targets = of_shape(NAME, "targets", targets, logits.dims())?.detach();
    let op = SliceOp {
        name: NAME,
        out: ().into(),
        forward: move |[logits, targets]: Slices<'_, 2>, out: &mut Vec<f32>| {
            let mut unused = vec![0.0; logits.len()];
            let loss = kernels::training::cross_entropy(logits, targets, classes, 0.0, &mut unused);
            out.push(loss as f32);
        },
        backward: move |[logits, targets]: Slices<'_, 2>,
                        gradient: &[f32],
                        [to, _]: Gradients<'_, 2>| {
            let Some(to) = to else { return };
            to.resize(logits.len(), 0.0);
            kernels::training::cross_entropy(logits, targets, classes, gradient[0], to);
        },
    };
    logits.apply_op2(&targets, op)
}
