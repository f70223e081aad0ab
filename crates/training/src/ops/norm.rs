//! Batch norm with the activation that follows it, for batch norms that are not fused with a
//! convolution.

use candle_core::{Result, Tensor};
use kernels::Activation;
use kernels::training::{NormAct, activation_backward};

use super::elements::{Gradients, SliceOp, Slices, map, of_shape};
use super::types::{BatchNorm, BatchStatistics};

/// Batch norm with the statistics of the batch, through which gradients flow, and activation.
/// Returns the statistics as well. It is built from candle's own ops, since batch norms usually
/// follow convolutions, for which there is [`super::conv2d_norm_act`].
///
/// # Errors
/// A tensor that is not a map, or a batch norm of other channels.
pub fn norm_act(
    x: &Tensor,
    norm: BatchNorm<'_>,
    act: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    const NAME: &str = "norm_act";
    let (x, [.., channels]) = map(NAME, "x", x)?;
    of_shape(NAME, "norm.weight", norm.weight, &[channels])?;
    of_shape(NAME, "norm.bias", norm.bias, &[channels])?;
    crate::stock::norm_act(&x, norm, act)
}

/// Batch norm with the running statistics `[channels]`, and activation. Only `x` gets a gradient: the
/// parameters of the batch norm are constants here.
///
/// # Errors
/// As for [`norm_act`].
pub fn norm_act_eval(
    x: &Tensor,
    norm: BatchNorm<'_>,
    running_mean: &Tensor,
    running_var: &Tensor,
    act: Activation,
) -> Result<Tensor> {
    const NAME: &str = "norm_act_eval";
    let (x, [.., channels]) = map(NAME, "x", x)?;
    let vector = |input: &str, from: &Tensor| -> Result<Vec<f32>> {
        of_shape(NAME, input, from, &[channels])?.to_vec1()
    };
    let (gamma, beta) = (vector("norm.weight", norm.weight)?, vector("norm.bias", norm.bias)?);
    let (mean, var) = (vector("running_mean", running_mean)?, vector("running_var", running_var)?);
    let eps = norm.eps;
    let scale: Vec<f32> = gamma.iter().zip(&var).map(|(g, var)| g / (var + eps).sqrt()).collect();
    let run = move |act: Activation, x: &[f32], out: &mut Vec<f32>| {
        let (mean, var, gamma, beta) = (&mean[..], &var[..], &gamma[..], &beta[..]);
        NormAct { mean, var, eps, gamma, beta, act }.forward(x, out);
    };
    let run_again = run.clone();
    x.apply_op1(SliceOp {
        name: NAME,
        out: x.shape().clone(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| run(act, x, out),
        backward: move |[x]: Slices<'_, 1>, gradient: &[f32], [to]: Gradients<'_, 1>| {
            let Some(to) = to else { return };
            let mut before = Vec::with_capacity(x.len());
            run_again(Activation::Linear, x, &mut before);
            to.extend_from_slice(gradient);
            activation_backward(act, &before, to);
            kernels::scale_channels(to, &scale);
        },
    })
}
