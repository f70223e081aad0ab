//! The loops of depthwise convolution's gradients, over maps with their padding.

#![allow(unsafe_code)]

use super::partial_vectors::{load, store};
use crate::geometry::Geometry;
use crate::simd::{Simd, dispatch};

fn padded_width(geometry: &Geometry) -> usize {
    geometry.width + geometry.kernel - 1
}

/// Elements of a map with its padding.
pub(super) fn padded_len(geometry: &Geometry, channels: usize) -> usize {
    (geometry.height + geometry.kernel - 1) * padded_width(geometry) * channels
}

/// The pixel of the padded map at which row `y` starts.
pub(super) fn padded_row(geometry: &Geometry, y: usize) -> usize {
    (y + geometry.pad()) * padded_width(geometry) + geometry.pad()
}

/// Adds each gradient of an output, times the weights, to the gradients of its inputs.
pub(super) struct Scatter<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) channels: usize,
    pub(super) out_gradient: &'a [f32],
    /// `[taps, channels]`
    pub(super) weights: &'a [f32],
    /// The gradient of the padded input.
    pub(super) padded: &'a mut [f32],
}

/// Sums the products of each gradient of an output with the inputs under its window, for each weight.
pub(super) struct Gather<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) channels: usize,
    pub(super) out_gradient: &'a [f32],
    /// The padded input.
    pub(super) padded: &'a [f32],
    /// `[taps, channels]`
    pub(super) sums: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the slices fit the geometry, with padding where the name says so.
    pub(super) unsafe fn scatter(args: &mut Scatter<'_>) = scatter_with
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the slices fit the geometry, with padding where the name says so.
    pub(super) unsafe fn gather(args: &mut Gather<'_>) = gather_with
}

#[inline(always)]
unsafe fn scatter_with<S: Simd>(args: &mut Scatter<'_>) {
    let Scatter { geometry, channels, out_gradient, weights, padded } = args;
    let (channels, kernel) = (*channels, geometry.kernel);
    for pixel in 0..geometry.out_pixels() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        let start = (y * padded_width(geometry) + x) * geometry.stride;
        for c in (0..channels).step_by(S::LANES) {
            let count = S::LANES.min(channels - c);
            // SAFETY: the windows of all outputs lie in the padded map; vectors are cut to `count`.
            unsafe {
                let gradient = load::<S>(out_gradient.as_ptr().add(pixel * channels + c), count);
                for tap in 0..kernel * kernel {
                    let at = start + tap / kernel * padded_width(geometry) + tap % kernel;
                    let to = padded.as_mut_ptr().add(at * channels + c);
                    let weight = load::<S>(weights.as_ptr().add(tap * channels + c), count);
                    store::<S>(to, S::mul_add(gradient, weight, load::<S>(to, count)), count);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn gather_with<S: Simd>(args: &mut Gather<'_>) {
    // SAFETY: the caller upholds the contract.
    unsafe {
        match args.geometry.kernel {
            3 => gather_rows::<S, 3, 3>(args, 0),
            5 => (0..5).for_each(|ky| gather_rows::<S, 5, 1>(args, ky)),
            7 => (0..7).for_each(|ky| gather_rows::<S, 7, 1>(args, ky)),
            kernel => {
                (0..kernel * kernel).for_each(|tap| gather_taps::<S, 1, 1>(args, tap));
            }
        }
    }
}

/// The sums of `R` rows of `K` taps, from row `ky` on.
#[inline(always)]
unsafe fn gather_rows<S: Simd, const K: usize, const R: usize>(args: &mut Gather<'_>, ky: usize) {
    // SAFETY: the caller upholds the contract.
    unsafe { gather_taps::<S, K, R>(args, ky * K) }
}

/// The sums of `R` rows of `K` taps, from tap `first` on, which are kept in registers.
#[inline(always)]
unsafe fn gather_taps<S: Simd, const K: usize, const R: usize>(
    args: &mut Gather<'_>,
    first: usize,
) {
    let Gather { geometry, channels, out_gradient, padded, sums } = args;
    let (channels, kernel, row) = (*channels, geometry.kernel, padded_width(geometry));
    let corner = first / kernel * row + first % kernel;
    for c in (0..channels).step_by(S::LANES) {
        let count = S::LANES.min(channels - c);
        // SAFETY: the windows of all outputs lie in the padded map; vectors are cut to `count`.
        unsafe {
            let mut partial = [[S::splat(0.0); K]; R];
            for y in 0..geometry.out_height() {
                let mut gradient =
                    out_gradient.as_ptr().add(y * geometry.out_width() * channels + c);
                let mut from =
                    padded.as_ptr().add((y * geometry.stride * row + corner) * channels + c);
                for _ in 0..geometry.out_width() {
                    let value = load::<S>(gradient, count);
                    for (r, partial) in partial.iter_mut().enumerate() {
                        for (k, partial) in partial.iter_mut().enumerate() {
                            let input = load::<S>(from.add((r * row + k) * channels), count);
                            *partial = S::mul_add(value, input, *partial);
                        }
                    }
                    // After the last output, the pointers may be outside their slices; they are not used.
                    gradient = gradient.wrapping_add(channels);
                    from = from.wrapping_add(geometry.stride * channels);
                }
            }
            for (index, &partial) in partial.as_flattened().iter().enumerate() {
                let to = sums.as_mut_ptr().add((first + index) * channels + c);
                store::<S>(to, S::add(load::<S>(to, count), partial), count);
            }
        }
    }
}
