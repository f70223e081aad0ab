//! The loss.

use candle_core::{Result, Tensor};

use super::elements::{Binary, of_shape, readable, refused};

/// The sum over all images of -target x log softmax(logits), a scalar: `logits` and `targets` are
/// `[batch, classes]`, and each target's row sums to 1.
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
    logits.apply_op2(
        &targets,
        Binary {
            name: NAME,
            out: ().into(),
            forward: move |logits: &[f32], targets: &[f32], out: &mut [f32]| {
                let mut unused = vec![0.0; logits.len()];
                let loss =
                    kernels::training::cross_entropy(logits, targets, classes, 0.0, &mut unused);
                out[0] = loss as f32;
            },
            backward: move |[logits, targets]: [&[f32]; 2], gradient: &[f32], [to, _]: [&mut [f32]; 2]| {
                kernels::training::cross_entropy(logits, targets, classes, gradient[0], to);
            },
        },
    )
}
