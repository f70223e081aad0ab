//! Depthwise convolution; the weights are `[channels, 1, kernel, kernel]`. The gradients work on maps
//! with their padding, so that no loop needs to know about borders.

#![allow(unsafe_code)]

use super::append::append;
use super::conv_backward::ConvGradients;
use super::depthwise_loops::{Gather, Scatter, gather, padded_len, padded_row, scatter};
use super::out_gradient::OutGradient;
use crate::depthwise::Depthwise;
use crate::geometry::Geometry;
use crate::simd::InstructionSet;

/// Appends `conv(input)` to `out`, image by image. After each image, `advance` is called with all outputs
/// so far.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
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

/// Computes the gradients of the input and the weights from that of the output.
///
/// # Panics
/// When the length of a slice does not fit the geometry.
pub fn depthwise_backward(
    geometry: &Geometry,
    channels: usize,
    input: &[f32],
    weights: &[f32],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let taps = geometry.kernel * geometry.kernel;
    assert_eq!(weights.len(), channels * taps, "length of the weights");
    // With stride 1, the gradient of the input is a correlation with the kernel rotated by 180 degrees.
    let mut rotated = weights.to_vec();
    rotated.chunks_exact_mut(taps).for_each(<[f32]>::reverse);
    let rotated = packed(geometry, channels, &rotated);
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
        // SAFETY: `detect` found the instruction set; the slices were cut to the geometry.
        unsafe { gather(InstructionSet::detect(), &mut args) }
        let Some(to) = &mut in_gradient else { continue };
        if geometry.stride == 1 {
            // SAFETY: `run_uninit` initialises the whole output.
            unsafe { append(to, in_len, |to| rotated.run_uninit(out_gradient, geometry, to)) }
            continue;
        }
        scattered.clear();
        scattered.resize(padded.len(), 0.0);
        let mut args =
            Scatter { geometry, channels, out_gradient, weights: &by_tap, padded: &mut scattered };
        // SAFETY: `detect` found the instruction set; the slices were cut to the geometry.
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

/// Transposes `[channels, taps]` to `[taps, channels]`.
fn by_tap(weights: &[f32], taps: usize, channels: usize) -> Vec<f32> {
    (0..taps * channels).map(|at| weights[at % channels * taps + at / channels]).collect()
}
