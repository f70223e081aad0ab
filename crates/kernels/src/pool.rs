//! Max and average pools.

#![allow(unsafe_code)]

use crate::geometry::Geometry;
use crate::simd::{InstructionSet, Simd, dispatch};

/// Max pool of `[height, width, channels]`. Padding is never the maximum. A window with a NaN gives
/// NaN.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn max_pool(input: &[f32], geometry: &Geometry, channels: usize, out: &mut [f32]) {
    check_lengths(input, geometry, channels, out);
    let mut args = MaxPool { input, geometry: *geometry, channels, out };
    // SAFETY: `detect` found the instruction set, and the lengths were checked.
    unsafe { max_of_windows(InstructionSet::detect(), &mut args) }
}

struct MaxPool<'a> {
    /// `[in_pixels, channels]`
    input: &'a [f32],
    geometry: Geometry,
    channels: usize,
    /// `[out_pixels, channels]`
    out: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the lengths of the slices fit the geometry.
    unsafe fn max_of_windows(args: &mut MaxPool<'_>) = max_of_windows_with
}

#[inline(always)]
unsafe fn max_of_windows_with<S: Simd>(args: &mut MaxPool<'_>) {
    let MaxPool { input, ref geometry, channels, .. } = *args;
    for (pixel, out) in args.out.chunks_exact_mut(channels).enumerate() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        let (rows, columns) = (geometry.taps(y, geometry.height), geometry.taps(x, geometry.width));
        let row = y * geometry.stride + rows.start - geometry.pad();
        let column = x * geometry.stride + columns.start - geometry.pad();
        let window = Window {
            first: &input[(row * geometry.width + column) * channels..],
            rows: rows.len(),
            columns: columns.len(),
            row_len: geometry.width * channels,
            channels,
        };
        // SAFETY: the taps are pixels of the map. The last vector of channels may overlap the one before
        // it; fewer channels than a vector has are read and written one by one.
        unsafe {
            for c in (0..channels).step_by(S::LANES) {
                if channels < S::LANES {
                    let best = window.max::<S>(c, |from| S::load_first(from, channels));
                    S::store_first(out.as_mut_ptr(), best, channels);
                } else {
                    let c = c.min(channels - S::LANES);
                    let best = window.max::<S>(c, |from| S::load(from));
                    S::store(out.as_mut_ptr().add(c), best);
                }
            }
        }
    }
}

/// The part of a window that lies on the map.
struct Window<'a> {
    /// The map from the window's first pixel on.
    first: &'a [f32],
    rows: usize,
    columns: usize,
    /// Distance between neighbouring rows.
    row_len: usize,
    channels: usize,
}

impl Window<'_> {
    /// The maximum of a vector of channels that starts at `c`.
    ///
    /// # Safety
    /// `load` reads channels of the map.
    #[inline(always)]
    unsafe fn max<S: Simd>(&self, c: usize, load: impl Fn(*const f32) -> S::Vector) -> S::Vector {
        // SAFETY: the caller upholds the contract; after the last tap, the pointers are not used.
        unsafe {
            let mut best = S::splat(f32::NEG_INFINITY);
            let mut nan = S::splat(0.0);
            let mut row = self.first.as_ptr().add(c);
            for _ in 0..self.rows {
                let mut from = row;
                for _ in 0..self.columns {
                    let value = load(from);
                    best = S::max(value, best);
                    nan = S::nan_or(value, nan);
                    from = from.wrapping_add(self.channels);
                }
                row = row.wrapping_add(self.row_len);
            }
            // `nan` is 0 or NaN.
            S::add(best, nan)
        }
    }
}

/// Average pool of `[height, width, channels]`. Padding counts as zeros: every sum is divided by
/// `kernel * kernel`.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn avg_pool(input: &[f32], geometry: &Geometry, channels: usize, out: &mut [f32]) {
    check_lengths(input, geometry, channels, out);
    let Geometry { height, width, kernel, stride } = *geometry;
    for (pixel, out) in out.chunks_exact_mut(channels).enumerate() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        out.fill(0.0);
        for ky in geometry.taps(y, height) {
            for kx in geometry.taps(x, width) {
                let (row, column) = (y * stride + ky - kernel / 2, x * stride + kx - kernel / 2);
                let from = &input[(row * width + column) * channels..][..channels];
                out.iter_mut().zip(from).for_each(|(sum, &value)| *sum += value);
            }
        }
    }
    let share = 1.0 / (kernel * kernel) as f32;
    out.iter_mut().for_each(|value| *value *= share);
}

fn check_lengths(input: &[f32], geometry: &Geometry, channels: usize, out: &[f32]) {
    assert_eq!(input.len(), geometry.in_pixels() * channels, "length of the input");
    assert_eq!(out.len(), geometry.out_pixels() * channels, "length of the output");
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
