//! Ops without windows or weights, and what the other modules share.

use candle_core::{Result, Tensor, bail};

/// The sum of two maps of one shape.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    map_dims(a)?;
    a.add(b)
}

/// A map times a vector `[batch, 1, 1, channels]`.
pub fn multiply(map: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (batch, _, _, channels) = map_dims(map)?;
    if scale.dims() != [batch, 1, 1, channels] {
        bail!("scale {:?} does not fit a map {:?}", scale.dims(), map.dims());
    }
    map.broadcast_mul(scale)
}

/// Maps that differ in channels only, one after the other along the channels.
pub fn concat(maps: &[&Tensor]) -> Result<Tensor> {
    for map in maps {
        map_dims(map)?;
    }
    Tensor::cat(maps, 3)?.contiguous()
}

/// Channels `start..start + len` of a map.
pub fn split(x: &Tensor, start: usize, len: usize) -> Result<Tensor> {
    map_dims(x)?;
    if len == 0 {
        bail!("a split of no channels");
    }
    x.narrow(3, start, len)?.contiguous()
}

/// Deals a map's channels out: the first of each group, then the second of each, and so on.
pub fn channel_shuffle(x: &Tensor, groups: usize) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    if !channels.is_multiple_of(groups) {
        bail!("{channels} channels are not {groups} equal groups");
    }
    let of_group = channels / groups;
    let grouped = x.reshape((batch * height * width, groups, of_group))?;
    grouped.transpose(1, 2)?.contiguous()?.reshape(x.shape())
}

/// Batch, height, width and channels.
pub(super) fn map_dims(x: &Tensor) -> Result<(usize, usize, usize, usize)> {
    if x.elem_count() == 0 {
        bail!("an empty map {:?}", x.dims());
    }
    x.dims4()
}

/// A view of one number with the shape, type and device of `like`.
pub(super) fn constant(like: &Tensor, value: f64) -> Result<Tensor> {
    Tensor::new(value, like.device())?.to_dtype(like.dtype())?.broadcast_as(like.shape())
}

/// `[channels]` as what broadcasts over the map `x`, `[1, 1, width, channels]`.
pub(super) fn per_channel(vector: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (_, _, width, channels) = map_dims(x)?;
    if vector.dims() != [channels] {
        bail!("{:?} numbers for {channels} channels", vector.dims());
    }
    repeat(&vector.reshape((1, channels))?, width)?.unsqueeze(0)
}

/// `[rows, channels]` as `[rows, count, channels]`.
///
/// A matrix product and not a broadcast: the gradient of a broadcast is a sum in which a GPU gives
/// each result one block of threads, and channels alone are too few blocks.
pub(super) fn repeat(rows: &Tensor, count: usize) -> Result<Tensor> {
    let row_count = rows.dim(0)?;
    let ones = Tensor::ones((row_count, count, 1), rows.dtype(), rows.device())?;
    ones.matmul(&rows.unsqueeze(1)?.contiguous()?)
}

/// The mean over all pixels of a map, `[channels]`.
///
/// Sums by matrix products for the reason that [`repeat`] has, and image by image, so that f32
/// loses little.
pub(super) fn pixel_mean(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = map_dims(x)?;
    let pixels = height * width;
    let ones = Tensor::ones((batch, 1, pixels), x.dtype(), x.device())?;
    let sums = ones.matmul(&x.reshape((batch, pixels, channels))?)?;
    sums.reshape((batch, channels))?.sum(0)? / (batch * pixels) as f64
}
