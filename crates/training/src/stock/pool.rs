//! Pooling. Windows are reduced along one axis and then along the other, so that at most `kernel`
//! maps exist at once.

use candle_core::{Result, Tensor};

use super::maps::map_dims;
use super::window::{Outside, Window};
use crate::ops::Pool2d;

/// The maximum of each window, `[batch, ceil(height / stride), ceil(width / stride), channels]`.
/// Padding is never the maximum, and the gradient goes to the first of equal maxima in row-major
/// order.
pub fn max_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    map_dims(x)?;
    let window = Window::new(pool.kernel, pool.stride)?;
    // Along the rows first: this makes the chosen maximum the first in row-major order.
    max_along(window, &max_along(window, x, 2)?, 1)
}

/// The mean of each window including the zeros of the padding,
/// `[batch, ceil(height / stride), ceil(width / stride), channels]`.
pub fn avg_pool2d(x: &Tensor, pool: Pool2d) -> Result<Tensor> {
    map_dims(x)?;
    let window = Window::new(pool.kernel, pool.stride)?;
    let rows = window.unfold(x, 2)?.sum(2)?;
    window.unfold(&rows, 1)?.sum(1)? / (pool.kernel * pool.kernel) as f64
}

/// The mean of each channel of each image, `[batch, 1, 1, channels]`.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    x.reshape((batch, 1, height * width, channels))?.mean_keepdim(2)
}

fn max_along(window: Window, x: &Tensor, axis: usize) -> Result<Tensor> {
    let mut max = window.select(x, axis, 0..1, Outside::Edge)?;
    for tap in 1..window.kernel {
        let next = window.select(x, axis, tap..tap + 1, Outside::Edge)?;
        // NaN is the largest, as in PyTorch.
        let larger = (next.gt(&max)? + next.ne(&next)?)?;
        max = larger.where_cond(&next, &max)?;
    }
    Ok(max)
}
