//! Max and average pools.

use crate::geometry::Geometry;

/// Max pool of `[height, width, channels]`. Padding is never the maximum.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn max_pool(input: &[f32], geometry: &Geometry, channels: usize, out: &mut [f32]) {
    pool(input, geometry, channels, out, f32::NEG_INFINITY, |best, value| {
        if value > best { value } else { best }
    });
}

/// Average pool of `[height, width, channels]`. Padding counts as zeros: every sum is divided by
/// `kernel * kernel`.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn avg_pool(input: &[f32], geometry: &Geometry, channels: usize, out: &mut [f32]) {
    pool(input, geometry, channels, out, 0.0, |sum, value| sum + value);
    let share = 1.0 / (geometry.kernel * geometry.kernel) as f32;
    out.iter_mut().for_each(|value| *value *= share);
}

fn pool(
    input: &[f32],
    geometry: &Geometry,
    channels: usize,
    out: &mut [f32],
    start: f32,
    combine: impl Fn(f32, f32) -> f32,
) {
    let Geometry { height, width, kernel, stride } = *geometry;
    assert_eq!(input.len(), geometry.in_pixels() * channels, "length of the input");
    assert_eq!(out.len(), geometry.out_pixels() * channels, "length of the output");
    for (pixel, out) in out.chunks_exact_mut(channels).enumerate() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        out.fill(start);
        for ky in geometry.taps(y, height) {
            for kx in geometry.taps(x, width) {
                let (row, column) = (y * stride + ky - kernel / 2, x * stride + kx - kernel / 2);
                let from = &input[(row * width + column) * channels..][..channels];
                for (out, &value) in out.iter_mut().zip(from) {
                    *out = combine(*out, value);
                }
            }
        }
    }
}

/// The mean of each channel over all pixels of `[pixels, channels]`.
///
/// # Panics
/// When `out` is not `channels` long, or `input` does not consist of whole pixels.
pub fn global_avg_pool(input: &[f32], channels: usize, out: &mut [f32]) {
    assert_eq!(out.len(), channels, "length of the output");
    assert!(
        input.len().is_multiple_of(channels),
        "the input [pixels, channels] has part of a pixel"
    );
    out.fill(0.0);
    for pixel in input.chunks_exact(channels) {
        for (out, &value) in out.iter_mut().zip(pixel) {
            *out += value;
        }
    }
    let share = channels as f32 / input.len() as f32;
    out.iter_mut().for_each(|value| *value *= share);
}
