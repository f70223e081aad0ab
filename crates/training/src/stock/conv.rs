//! Convolutions.

use candle_core::{Result, Tensor, bail};

use super::maps::{map_dims, per_channel, repeat};
use super::window::Window;
use crate::ops::Conv2d;

/// Convolution of a map with a weight `[out, channels / groups, kernel, kernel]` (or
/// `[out, channels]`, for kernel 1 and one group) and an optional bias `[out]`. The result is
/// `[batch, ceil(height / stride), ceil(width / stride), out]`.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, conv: Conv2d) -> Result<Tensor> {
    let (_, _, _, channels) = map_dims(x)?;
    let groups = conv.groups;
    let (out, of_group, kernel) = match *weight.dims() {
        [out, of_group] if groups == 1 => (out, of_group, 1),
        [out, of_group, kernel, side] if kernel == side => (out, of_group, kernel),
        _ => bail!(
            "conv2d: weight: found {:?}; expected: [out, in / groups, kernel, kernel], or with one group \
             [out, in]",
            weight.dims()
        ),
    };
    let fits = channels.is_multiple_of(groups) && channels / groups == of_group;
    if !fits || out == 0 || !out.is_multiple_of(groups) {
        bail!(
            "conv2d: weight: found {:?} with {groups} groups; expected: a weight for {channels} channels",
            weight.dims()
        );
    }
    let window = Window::new(kernel, conv.stride)?;
    let y = if groups == channels && groups == out {
        depthwise(x, weight, window)?
    } else {
        by_matrix_product(x, weight, window, groups)?
    };
    match bias {
        Some(bias) => y.broadcast_add(&per_channel(bias, &y)?),
        None => Ok(y),
    }
}

/// The sum over the taps of the values at each tap times its weight.
fn depthwise(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (_, _, width, channels) = map_dims(x)?;
    let (kernel, width) = (window.kernel, window.out(width));
    let taps = weight.reshape((channels, kernel * kernel))?.t()?;
    let taps = repeat(&taps, width)?.reshape((1, kernel, 1, kernel, width, channels))?;
    // In two sums, since a GPU is slow at sums of more than 32 elements and a kernel of 7 has 49
    // taps.
    tap_values(x, window)?.broadcast_mul(&taps)?.sum(3)?.sum(1)
}

/// A matrix product for each group, `[pixels, taps * channels] x [taps * channels, out]`.
fn by_matrix_product(x: &Tensor, weight: &Tensor, window: Window, groups: usize) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    let (kernel, height, width) = (window.kernel, window.out(height), window.out(width));
    let (out, of_group) = (weight.dim(0)? / groups, channels / groups);
    let (pixels, seen) = (batch * height * width, kernel * kernel * of_group);
    let columns = tap_values(x, window)?;
    let (columns, weight) = if groups == 1 && kernel == 1 {
        (columns, weight.clone())
    } else {
        let columns = columns.reshape(&[batch, kernel, height, kernel, width, groups, of_group])?;
        (columns.permute([5, 0, 2, 4, 1, 3, 6])?, weight.permute((0, 2, 3, 1))?)
    };
    let columns = columns.contiguous()?.reshape((groups, pixels, seen))?;
    let weight = weight.contiguous()?.reshape((groups, out, seen))?;
    let mut y = columns.matmul(&weight.transpose(1, 2)?)?;
    if groups > 1 {
        y = y.transpose(0, 1)?.contiguous()?;
    }
    y.reshape((batch, height, width, groups * out))
}

/// The values at all taps, `[batch, kernel, height, kernel, width, channels]`: rows of taps, rows
/// of outputs, columns of taps, columns of outputs.
fn tap_values(x: &Tensor, window: Window) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    if window.kernel == 1 && window.out(height) == height && window.out(width) == width {
        return x.reshape((batch, 1, height, 1, width, channels));
    }
    window.unfold(&window.unfold(x, 2)?, 1)
}
