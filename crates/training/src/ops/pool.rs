//! Pooling.

use candle_core::{Result, Tensor};
use kernels::Geometry;
use kernels::training::{avg_pool_backward, global_avg_pool_backward, max_pool_backward};

use super::elements::{Gradients, SliceOp, Slices, map, refused};
use super::types::Pool2d;

/// Max pooling of a map. Padding is never the maximum, and the gradient goes to the first of equal
/// maxima.
///
/// # Errors
/// A tensor that is not a map, an even kernel or a stride of 0.
pub fn max_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    pool2d("max_pool2d", x, pool, kernels::max_pool, max_pool_backward)
}

/// Average pooling of a map. The padding counts: sums are divided by kernel^2.
///
/// # Errors
/// As for [`max_pool2d`].
pub fn avg_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    let backward = |geometry: &Geometry, channels, _: &[f32], gradient: &[f32], to: &mut [f32]| {
        avg_pool_backward(geometry, channels, gradient, to);
    };
    pool2d("avg_pool2d", x, pool, kernels::avg_pool, backward)
}

/// Global average pooling: the mean over all pixels of a map, `[batch, 1, 1, channels]`.
///
/// # Errors
/// A tensor that is not a map.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    let (x, [batch, height, width, channels]) = map("global_avg_pool", "x", x)?;
    let each = height * width * channels;
    x.apply_op1(SliceOp {
        name: "global_avg_pool",
        out: (batch, 1, 1, channels).into(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| {
            out.resize(batch * channels, 0.0);
            for (x, out) in x.chunks_exact(each).zip(out.chunks_exact_mut(channels)) {
                kernels::global_avg_pool(x, channels, out);
            }
        },
        backward: move |_: Slices<'_, 1>, gradient: &[f32], [to]: Gradients<'_, 1>| {
            let Some(to) = to else { return };
            to.resize(batch * each, 0.0);
            let maps = gradient.chunks_exact(channels).zip(to.chunks_exact_mut(each));
            maps.for_each(|(from, to)| global_avg_pool_backward(from, to));
        },
    })
}

/// Pooling whose `forward` and `backward` take one image.
fn pool2d(
    name: &'static str,
    x: &Tensor,
    Pool2d { kernel, stride }: Pool2d,
    forward: impl Fn(&[f32], &Geometry, usize, &mut [f32]) + Send + Sync + 'static,
    backward: impl Fn(&Geometry, usize, &[f32], &[f32], &mut [f32]) + Send + Sync + 'static,
) -> Result<Tensor> {
    let (x, [batch, height, width, channels]) = map(name, "x", x)?;
    let geometry = geometry(name, (height, width), kernel, stride)?;
    let (from, to) = (geometry.in_pixels() * channels, geometry.out_pixels() * channels);
    x.apply_op1(SliceOp {
        name,
        out: (batch, geometry.out_height(), geometry.out_width(), channels).into(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| {
            out.resize(batch * to, 0.0);
            for (x, out) in x.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
                forward(x, &geometry, channels, out);
            }
        },
        backward: move |[x]: Slices<'_, 1>, gradient: &[f32], [x_gradient]: Gradients<'_, 1>| {
            let Some(x_gradient) = x_gradient else { return };
            x_gradient.resize(x.len(), 0.0);
            let maps = x.chunks_exact(from).zip(gradient.chunks_exact(to));
            for ((x, gradient), to) in maps.zip(x_gradient.chunks_exact_mut(from)) {
                backward(&geometry, channels, x, gradient, to);
            }
        },
    })
}

/// The geometry of a window that moves over a map of this height and width.
pub(super) fn geometry(
    op: &str,
    (height, width): (usize, usize),
    kernel: usize,
    stride: usize,
) -> Result<Geometry> {
    if kernel.is_multiple_of(2) {
        return Err(refused(op, "kernel", &kernel, &"an odd number"));
    }
    if stride == 0 {
        return Err(refused(op, "stride", &stride, &"at least 1"));
    }
    Ok(Geometry { height, width, kernel, stride })
}
