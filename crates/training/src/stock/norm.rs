//! Batch norm.

use candle_core::{Result, Tensor};
use kernels::Activation;

use super::activation::activation;
use super::conv::conv2d;
use super::maps::{map_dims, per_channel, pixel_mean};
use crate::ops::{BatchNorm, BatchStatistics, Conv2d};

/// [`conv2d`] without a bias, then [`norm_act`].
pub fn conv2d_norm_act(
    x: &Tensor,
    weight: &Tensor,
    conv: Conv2d,
    norm: BatchNorm<'_>,
    act: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    norm_act(&conv2d(x, weight, None, conv)?, norm, act)
}

/// Batch norm of a map with its own mean and biased variance over all pixels, through which
/// gradients flow, and activation. Returns the statistics as well.
pub fn norm_act(
    x: &Tensor,
    norm: BatchNorm<'_>,
    act: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    let (batch, height, width, _) = map_dims(x)?;
    let mean = pixel_mean(x)?;
    let centred = x.broadcast_sub(&per_channel(&mean, x)?)?;
    let var = pixel_mean(&centred.sqr()?)?;
    let y = activation(&scaled(&centred, norm, &var)?, act)?;
    let count = batch * height * width;
    Ok((y, BatchStatistics { mean: mean.detach(), var: var.detach(), count }))
}

/// Batch norm of a map with `running_mean` and `running_var`, `[channels]` each and not
/// differentiated, and activation.
pub fn norm_act_eval(
    x: &Tensor,
    norm: BatchNorm<'_>,
    running_mean: &Tensor,
    running_var: &Tensor,
    act: Activation,
) -> Result<Tensor> {
    let centred = x.broadcast_sub(&per_channel(&running_mean.detach(), x)?)?;
    activation(&scaled(&centred, norm, &running_var.detach())?, act)
}

fn scaled(centred: &Tensor, norm: BatchNorm<'_>, var: &Tensor) -> Result<Tensor> {
    let scale = norm.weight.div(&(var + f64::from(norm.eps))?.sqrt()?)?;
    let y = centred.broadcast_mul(&per_channel(&scale, centred)?)?;
    y.broadcast_add(&per_channel(norm.bias, centred)?)
}
