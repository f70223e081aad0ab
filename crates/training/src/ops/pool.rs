//! Pools.

use candle_core::{Result, Tensor};
use kernels::Geometry;
use kernels::training::{avg_pool_backward, global_avg_pool_backward, max_pool_backward};

use super::elements::{Unary, map, refused};
use super::types::Pool2d;

/// Max pool of a map; padding never wins, and the gradient goes to the first of the largest.
///
/// # Errors
/// A tensor that is no map, an even window or no stride.
pub fn max_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    let (x, geometry, [batch, _, _, channels]) = windows("max_pool2d", x, pool)?;
    let (from, to) = (geometry.in_pixels() * channels, geometry.out_pixels() * channels);
    x.apply_op1(Unary {
        name: "max_pool2d",
        out: (batch, geometry.out_height(), geometry.out_width(), channels).into(),
        forward: move |x: &[f32], out: &mut [f32]| {
            for (x, out) in x.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
                kernels::max_pool(x, &geometry, channels, out);
            }
        },
        backward: move |x: &[f32], gradient: &[f32], x_gradient: &mut [f32]| {
            let maps = x.chunks_exact(from).zip(gradient.chunks_exact(to));
            for ((x, gradient), to) in maps.zip(x_gradient.chunks_exact_mut(from)) {
                max_pool_backward(&geometry, channels, x, gradient, to);
            }
        },
    })
}

/// Average pool of a map that counts its padding: divides by kernel^2.
///
/// # Errors
/// As for [`max_pool2d`].
pub fn avg_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    let (x, geometry, [batch, _, _, channels]) = windows("avg_pool2d", x, pool)?;
    let (from, to) = (geometry.in_pixels() * channels, geometry.out_pixels() * channels);
    x.apply_op1(Unary {
        name: "avg_pool2d",
        out: (batch, geometry.out_height(), geometry.out_width(), channels).into(),
        forward: move |x: &[f32], out: &mut [f32]| {
            for (x, out) in x.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
                kernels::avg_pool(x, &geometry, channels, out);
            }
        },
        backward: move |_: &[f32], gradient: &[f32], x_gradient: &mut [f32]| {
            let maps = gradient.chunks_exact(to).zip(x_gradient.chunks_exact_mut(from));
            maps.for_each(|(from, to)| avg_pool_backward(&geometry, channels, from, to));
        },
    })
}

/// Mean over all pixels of a map: `[batch, 1, 1, channels]`.
///
/// # Errors
/// A tensor that is no map.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    let (x, [batch, height, width, channels]) = map("global_avg_pool", "x", x)?;
    let each = height * width * channels;
    x.apply_op1(Unary {
        name: "global_avg_pool",
        out: (batch, 1, 1, channels).into(),
        forward: move |x: &[f32], out: &mut [f32]| {
            for (x, out) in x.chunks_exact(each).zip(out.chunks_exact_mut(channels)) {
                kernels::global_avg_pool(x, channels, out);
            }
        },
        backward: move |_: &[f32], gradient: &[f32], x_gradient: &mut [f32]| {
            let maps = gradient.chunks_exact(channels).zip(x_gradient.chunks_exact_mut(each));
            maps.for_each(|(from, to)| global_avg_pool_backward(from, to));
        },
    })
}

fn windows(op: &str, x: &Tensor, pool: Pool2d) -> Result<(Tensor, Geometry, [usize; 4])> {
    let (x, shape) = map(op, "x", x)?;
    let [_, height, width, _] = shape;
    Ok((x, geometry(op, (height, width), pool.kernel, pool.stride)?, shape))
}

/// How a window moves over a map of these sides.
pub(super) fn geometry(
    op: &str,
    (height, width): (usize, usize),
    kernel: usize,
    stride: usize,
) -> Result<Geometry> {
    if kernel % 2 == 0 {
        return Err(refused(op, "kernel", &kernel, &"odd sides"));
    }
    if stride == 0 {
        return Err(refused(op, "stride", &stride, &"1 and more"));
    }
    Ok(Geometry { height, width, kernel, stride })
}
