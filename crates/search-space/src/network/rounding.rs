//! Rounding of channel counts.

/// Rounds as MobileNetV2, V3 and MnasNet do: to the nearest multiple of 8 that is at least 8 and
/// not below 90 % of `value` (TF-Slim, `mobilenet/conv_blocks.py`, `make_divisible`).
pub(crate) fn make_divisible(value: f64) -> usize {
    let rounded = (((value + 4.0) / 8.0).floor() * 8.0).max(8.0);
    let rounded = if rounded < 0.9 * value { rounded + 8.0 } else { rounded };
    rounded as usize
}

/// Scales a channel count by a multiplier and rounds it with [`make_divisible`]. A multiplier of 1
/// keeps the published count.
pub(crate) fn scale(channels: usize, multiplier: f64) -> usize {
    if multiplier == 1.0 { channels } else { make_divisible(channels as f64 * multiplier) }
}

/// Rounds to the nearest multiple of `divisor` that is at least `divisor`. Ties are rounded up.
pub(crate) fn nearest_multiple(value: f64, divisor: usize) -> usize {
    ((value / divisor as f64 + 0.5).floor() as usize).max(1) * divisor
}
