//! Ops without windows or weights, and functions that the other modules share.

use candle_core::{Result, Tensor, bail};

/// The sum of two maps of the same shape.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    map_dims(a)?;
    a.add(b)
}

/// A map times a vector `[batch, 1, 1, channels]`, channel by channel.
pub fn multiply(map: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (batch, _, _, channels) = map_dims(map)?;
    if scale.dims() != [batch, 1, 1, channels] {
        let (found, expected) = (scale.dims(), [batch, 1, 1, channels]);
        bail!("multiply: scale: found {found:?}; expected: {expected:?}");
    }
    map.broadcast_mul(scale)
}

/// Concatenates maps along their channels.
pub fn concat(maps: &[&Tensor]) -> Result<Tensor> {
    for map in maps {
        map_dims(map)?;
    }
    Tensor::cat(maps, 3)?.contiguous()
}

/// The channels `start..start + len` of a map.
pub fn split(x: &Tensor, start: usize, len: usize) -> Result<Tensor> {
    map_dims(x)?;
    if len == 0 {
        bail!("split: len: found 0; expected: at least 1");
    }
    x.narrow(3, start, len)?.contiguous()
}

/// Channel shuffle: the first channel of each group, then the second of each, and so on.
pub fn channel_shuffle(x: &Tensor, groups: usize) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    if !channels.is_multiple_of(groups) {
        bail!(
            "channel_shuffle: groups: found {groups}; expected: a divisor of the {channels} channels"
        );
    }
    let of_group = channels / groups;
    let grouped = x.reshape((batch * height * width, groups, of_group))?;
    grouped.transpose(1, 2)?.contiguous()?.reshape(x.shape())
}

/// Batch, height, width and channels.
pub(super) fn map_dims(x: &Tensor) -> Result<(usize, usize, usize, usize)> {
    if x.elem_count() == 0 {
        bail!("map: found {:?}; expected: dimensions of at least 1", x.dims());
    }
    x.dims4()
}

/// A constant with the shape, type and device of `like`.
pub(super) fn constant(like: &Tensor, value: f64) -> Result<Tensor> {
    Tensor::new(value, like.device())?.to_dtype(like.dtype())?.broadcast_as(like.shape())
}

/// A vector `[channels]` as `[1, 1, width, channels]`, which broadcasts over the map `x`.
pub(super) fn per_channel(vector: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (_, _, width, channels) = map_dims(x)?;
    if vector.dims() != [channels] {
        bail!("values per channel: found {:?}; expected: [{channels}]", vector.dims());
    }
    repeat(&vector.reshape((1, channels))?, width)?.unsqueeze(0)
}

/// Repeats each row: `[rows, channels]` becomes `[rows, count, channels]`.
///
/// This is a matrix product and not a broadcast, because the gradient of a broadcast is a sum for
/// which a GPU uses one block of threads per result, and the channels alone are too few blocks.
pub(super) fn repeat(rows: &Tensor, count: usize) -> Result<Tensor> {
    let row_count = rows.dim(0)?;
    let ones = Tensor::ones((row_count, count, 1), rows.dtype(), rows.device())?;
    ones.matmul(&rows.unsqueeze(1)?.contiguous()?)
}

/// The mean over all pixels of a map, `[channels]`.
///
/// The sums are matrix products for the reason given at [`repeat`], and go image by image, so that
/// f32 loses little precision.
pub(super) fn pixel_mean(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    let pixels = height * width;
    let ones = Tensor::ones((batch, 1, pixels), x.dtype(), x.device())?;
    let sums = ones.matmul(&x.reshape((batch, pixels, channels))?)?;
    sums.reshape((batch, channels))?.sum(0)? / (batch * pixels) as f64
}
