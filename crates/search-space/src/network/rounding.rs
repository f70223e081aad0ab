//! Rounding of channel counts.

/// MobileNetV2, V3 and MnasNet: to a multiple of 8, at least 8, never below 90 % of `value`
/// (TF-Slim `mobilenet/conv_blocks.py`, `make_divisible`).
pub(crate) fn make_divisible(value: f64) -> usize {
    let rounded = (((value + 4.0) / 8.0).floor() * 8.0).max(8.0);
    let rounded = if rounded < 0.9 * value { rounded + 8.0 } else { rounded };
    rounded as usize
}

/// [`make_divisible`] of `channels * multiplier`; the published count itself at 1.
pub(crate) fn scale(channels: usize, multiplier: f64) -> usize {
    if multiplier == 1.0 { channels } else { make_divisible(channels as f64 * multiplier) }
}

/// The multiple of `divisor` nearest to `value`, at least `divisor`; halves go up.
pub(crate) fn nearest_multiple(value: f64, divisor: usize) -> usize {
    ((value / divisor as f64 + 0.5).floor() as usize).max(1) * divisor
}
