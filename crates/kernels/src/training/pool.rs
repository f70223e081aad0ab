//! Backward passes of pools, for one image.

use crate::geometry::Geometry;

/// Calls `visit(out_pixel, in_pixel)` for every tap of every window that lies in the map.
fn for_each_tap(geometry: &Geometry, mut visit: impl FnMut(usize, usize)) {
    let Geometry { height, width, kernel, stride } = *geometry;
    for pixel in 0..geometry.out_pixels() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        for ky in geometry.taps(y, height) {
            for kx in geometry.taps(x, width) {
                let (row, column) = (y * stride + ky - kernel / 2, x * stride + kx - kernel / 2);
                visit(pixel, row * width + column);
            }
        }
    }
}

/// The backward pass of [`crate::avg_pool`], for one image.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn avg_pool_backward(
    geometry: &Geometry,
    channels: usize,
    gradient: &[f32],
    in_gradient: &mut [f32],
) {
    assert_eq!(in_gradient.len(), geometry.in_pixels() * channels, "length of the input");
    let share = 1.0 / (geometry.kernel * geometry.kernel) as f32;
    in_gradient.fill(0.0);
    for_each_tap(geometry, |pixel, in_pixel| {
        let from = &gradient[pixel * channels..][..channels];
        let to = &mut in_gradient[in_pixel * channels..][..channels];
        to.iter_mut().zip(from).for_each(|(to, &from)| *to += from * share);
    });
}

/// The backward pass of [`crate::max_pool`], for one image: the gradient goes to the first of the largest
/// inputs under each window.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn max_pool_backward(
    geometry: &Geometry,
    channels: usize,
    input: &[f32],
    gradient: &[f32],
    in_gradient: &mut [f32],
) {
    assert_eq!(input.len(), geometry.in_pixels() * channels, "length of the input");
    assert_eq!(in_gradient.len(), input.len(), "length of the input's gradient");
    let mut best = vec![f32::NEG_INFINITY; gradient.len()];
    let mut winner = vec![0_u32; gradient.len()];
    for_each_tap(geometry, |pixel, in_pixel| {
        let input = &input[in_pixel * channels..][..channels];
        let best = &mut best[pixel * channels..][..channels];
        let winner = &mut winner[pixel * channels..][..channels];
        for ((best, winner), &value) in best.iter_mut().zip(winner).zip(input) {
            let larger = value > *best;
            *best = if larger { value } else { *best };
            *winner = if larger { in_pixel as u32 } else { *winner };
        }
    });
    in_gradient.fill(0.0);
    for (at, (&gradient, &winner)) in gradient.iter().zip(&winner).enumerate() {
        in_gradient[winner as usize * channels + at % channels] += gradient;
    }
}

/// The backward pass of [`crate::global_avg_pool`], for one image: every pixel gets an equal share of the
/// gradient.
///
/// # Panics
/// When `in_gradient` does not consist of whole pixels.
pub fn global_avg_pool_backward(gradient: &[f32], in_gradient: &mut [f32]) {
    let channels = gradient.len();
    assert!(in_gradient.len().is_multiple_of(channels), "the input's gradient has part of a pixel");
    let share = channels as f32 / in_gradient.len() as f32;
    for pixel in in_gradient.chunks_exact_mut(channels) {
        pixel.iter_mut().zip(gradient).for_each(|(to, &from)| *to = from * share);
    }
}
