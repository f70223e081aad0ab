//! Depthwise convolution: weights `[channels, 1, kernel, kernel]`. The gradients work on maps with
//! their padding, so that no loop knows borders.

#![allow(unsafe_code)]

use super::append::append;
use super::conv::ConvGradients;
use super::out_gradient::OutGradient;
use crate::depthwise::Depthwise;
use crate::geometry::Geometry;
use crate::simd::{InstructionSet, Simd, dispatch};

/// Appends `conv(input)` to `out`. `advance` is called again and again with all outputs that are there.
///
/// # Panics
/// When a slice's length does not fit the geometry.
pub fn depthwise_forward(
    geometry: &Geometry,
    channels: usize,
    input: &[f32],
    weights: &[f32],
    out: &mut Vec<f32>,
    advance: &mut dyn FnMut(&[f32]),
) {
    let depthwise = packed(geometry, channels, weights);
    let (in_len, out_len) = (geometry.in_pixels() * channels, geometry.out_pixels() * channels);
    out.reserve_exact(input.len() / in_len * out_len);
    for input in input.chunks_exact(in_len) {
        // SAFETY: `run_uninit` initialises the whole output.
        unsafe { append(out, out_len, |to| depthwise.run_uninit(input, geometry, to)) }
        advance(out);
    }
}

fn packed(geometry: &Geometry, channels: usize, weights: &[f32]) -> Depthwise {
    Depthwise::new(InstructionSet::detect(), weights, &vec![0.0; channels], geometry.kernel)
}

/// The gradients of input and weights from that of the output.
///
/// # Panics
/// When a slice's length does not fit the geometry.
pub fn depthwise_backward(
    geometry: &Geometry,
    channels: usize,
    input: &[f32],
    weights: &[f32],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let taps = geometry.kernel * geometry.kernel;
    assert_eq!(weights.len(), channels * taps, "weights");
    // With stride 1 the gradient of the input is a correlation with the kernel turned by half a turn.
    let mut turned = weights.to_vec();
    turned.chunks_exact_mut(taps).for_each(<[f32]>::reverse);
    let turned = packed(geometry, channels, &turned);
    let by_tap = by_tap(weights, taps, channels);
    let mut sums = vec![0.0; taps * channels];
    let mut padded = vec![0.0; padded_len(geometry, channels)];
    let mut scattered = Vec::new();
    let mut scratch = Vec::new();
    let (in_len, out_len) = (geometry.in_pixels() * channels, geometry.out_pixels() * channels);
    let ConvGradients { input: mut in_gradient, weights: weight_gradient } = gradients;
    for (image, input) in input.chunks_exact(in_len).enumerate() {
        let out_gradient = out_gradient.block(image * out_len..(image + 1) * out_len, &mut scratch);
        for (y, row) in input.chunks_exact(geometry.width * channels).enumerate() {
            let to = padded_row(geometry, y) * channels;
            padded[to..][..row.len()].copy_from_slice(row);
        }
        let mut args =
            Gather { geometry, channels, out_gradient, padded: &padded, sums: &mut sums };
        // SAFETY: `detect` found the set; the slices were cut to the geometry.
        unsafe { gather(InstructionSet::detect(), &mut args) }
        let Some(to) = &mut in_gradient else { continue };
        if geometry.stride == 1 {
            // SAFETY: `run_uninit` initialises the whole output.
            unsafe { append(to, in_len, |to| turned.run_uninit(out_gradient, geometry, to)) }
            continue;
        }
        scattered.clear();
        scattered.resize(padded.len(), 0.0);
        let mut args =
            Scatter { geometry, channels, out_gradient, weights: &by_tap, padded: &mut scattered };
        // SAFETY: `detect` found the set; the slices were cut to the geometry.
        unsafe { scatter(InstructionSet::detect(), &mut args) }
        for y in 0..geometry.height {
            let from = padded_row(geometry, y) * channels;
            to.extend_from_slice(&scattered[from..][..geometry.width * channels]);
        }
    }
    for (channel, filter) in weight_gradient.chunks_exact_mut(taps).enumerate() {
        for (tap, gradient) in filter.iter_mut().enumerate() {
            *gradient += sums[tap * channels + channel];
        }
    }
}

/// `[channels, taps]` as `[taps, channels]`.
fn by_tap(weights: &[f32], taps: usize, channels: usize) -> Vec<f32> {
    (0..taps * channels).map(|at| weights[at % channels * taps + at / channels]).collect()
}

fn padded_width(geometry: &Geometry) -> usize {
    geometry.width + geometry.kernel - 1
}

fn padded_len(geometry: &Geometry, channels: usize) -> usize {
    (geometry.height + geometry.kernel - 1) * padded_width(geometry) * channels
}

/// The pixel of the padded map where row `y` starts.
fn padded_row(geometry: &Geometry, y: usize) -> usize {
    (y + geometry.pad()) * padded_width(geometry) + geometry.pad()
}

struct Scatter<'a> {
    geometry: &'a Geometry,
    channels: usize,
    out_gradient: &'a [f32],
    /// `[taps, channels]`
    weights: &'a [f32],
    padded: &'a mut [f32],
}

struct Gather<'a> {
    geometry: &'a Geometry,
    channels: usize,
    out_gradient: &'a [f32],
    padded: &'a [f32],
    /// `[taps, channels]`
    sums: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the set; the slices fit the geometry, padded where named so.
    unsafe fn scatter(args: &mut Scatter<'_>) = scatter_with
}

dispatch! {
    /// # Safety
    /// The CPU has the set; the slices fit the geometry, padded where named so.
    unsafe fn gather(args: &mut Gather<'_>) = gather_with
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
            // SAFETY: windows of all outputs lie in the padded map; vectors are cut to `count`.
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
    // SAFETY: the caller's.
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

/// `R` rows of `K` taps from row `ky` on.
#[inline(always)]
unsafe fn gather_rows<S: Simd, const K: usize, const R: usize>(args: &mut Gather<'_>, ky: usize) {
    // SAFETY: the caller's.
    unsafe { gather_taps::<S, K, R>(args, ky * K) }
}

/// The sums of `R` rows of `K` taps, from tap `first` on, in registers.
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
        // SAFETY: windows of all outputs lie in the padded map; vectors are cut to `count`.
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
                    // Past the last output, the pointers may leave their slices, unused.
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

/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn load<S: Simd>(from: *const f32, count: usize) -> S::Vector {
    // SAFETY: the caller's.
    unsafe { if count == S::LANES { S::load(from) } else { S::load_first(from, count) } }
}

/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn store<S: Simd>(to: *mut f32, vector: S::Vector, count: usize) {
    // SAFETY: the caller's.
    unsafe {
        if count == S::LANES { S::store(to, vector) } else { S::store_first(to, vector, count) }
    }
}
