//! The gradients of a dense or grouped convolution.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::append::append;
use super::conv::PlainProduct;
use super::conv_shape::ConvShape;
use super::out_gradient::OutGradient;
use super::outer_product::{Matrix, add_outer_products};
use crate::gemm::{Rows, gemm, gemm_uninit};
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::simd::InstructionSet;

/// Where the gradients of a convolution's weights and, if it is wanted, its input go.
#[derive(Debug)]
pub struct ConvGradients<'a> {
    /// The gradient of the input is appended here.
    pub input: Option<&'a mut Vec<f32>>,
    /// The gradient of the weights is added to these elements.
    pub weights: &'a mut [f32],
}

/// Computes the gradients of the input and the weights from that of the output.
///
/// # Panics
/// When the length of a slice does not fit the shape.
pub fn conv_backward(
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let outputs = shape.images(input.len()) * shape.geometry.out_pixels() * shape.out_channels;
    assert_eq!(out_gradient.len(), outputs, "length of the output's gradient");
    let set = InstructionSet::detect();
    let packed: Vec<PackedMatrix> = match gradients.input {
        Some(_) => (0..shape.groups)
            .map(|group| shape.group_weights(weights, group))
            .map(|weights| PackedMatrix::of_rows(set, &weights, shape.depth()))
            .collect(),
        None => Vec::new(),
    };
    if shape.is_pointwise() {
        pointwise_backward(shape, input, &packed, out_gradient, gradients);
    } else {
        windows_backward(shape, input, &packed, out_gradient, gradients);
    }
}

/// The gradients of a pointwise convolution, block by block of pixels.
fn pointwise_backward(
    shape: &ConvShape,
    input: &[f32],
    packed: &[PackedMatrix],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let ConvGradients { input: mut in_gradient, weights: weight_gradient } = gradients;
    let group_len = shape.group_out() * shape.depth();
    let mut scratch = Vec::new();
    for Range { start, end } in shape.blocks(shape.images(input.len())) {
        let rows = end - start;
        let range = start * shape.out_channels..end * shape.out_channels;
        let values = out_gradient.block(range, &mut scratch);
        for (group, gradient) in weight_gradient.chunks_exact_mut(group_len).enumerate() {
            let of_out = Matrix { values, rows: shape.out_rows(group), columns: shape.group_out() };
            let in_rows = shape.in_rows(start, group);
            let of_in = Matrix { values: input, rows: in_rows, columns: shape.group_in() };
            add_outer_products(of_out, of_in, rows, gradient);
        }
        let Some(to) = &mut in_gradient else { continue };
        let write = |to: &mut [MaybeUninit<f32>]| {
            for (group, weights) in packed.iter().enumerate() {
                let (a_rows, out_rows) = (shape.out_rows(group), shape.in_rows(0, group));
                let product = PlainProduct { a: values, a_rows, weights, out_rows, rows };
                gemm_uninit(&product.matrix_product(), to);
            }
        };
        // SAFETY: the groups together write all channels of the pixels in the block.
        unsafe { append(to, rows * shape.in_channels, write) }
    }
}

/// The gradients of any other convolution, from copies of the inputs under its windows, image by image.
fn windows_backward(
    shape: &ConvShape,
    input: &[f32],
    packed: &[PackedMatrix],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let ConvGradients { input: mut in_gradient, weights: weight_gradient } = gradients;
    let (pixels, depth) = (shape.geometry.out_pixels(), shape.depth());
    let (taps, group_in) = (shape.taps(), shape.group_in());
    let mut scratch = Vec::new();
    let mut ordered = vec![0.0; weight_gradient.len()];
    let mut windows = vec![0.0; pixels * depth];
    let window_rows = Rows { offset: 0, stride: depth };
    for (image, input) in input.chunks_exact(shape.image_len()).enumerate() {
        let range = image * pixels * shape.out_channels..(image + 1) * pixels * shape.out_channels;
        let values = out_gradient.block(range, &mut scratch);
        for (group, gradient) in ordered.chunks_exact_mut(shape.group_out() * depth).enumerate() {
            shape.windows(input, group, &mut windows);
            let of_out = Matrix { values, rows: shape.out_rows(group), columns: shape.group_out() };
            let of_windows = Matrix { values: &windows, rows: window_rows, columns: depth };
            add_outer_products(of_out, of_windows, pixels, gradient);
        }
        let Some(to) = &mut in_gradient else { continue };
        let first = to.len();
        to.resize(first + shape.image_len(), 0.0);
        let to = &mut to[first..];
        for (group, weights) in packed.iter().enumerate() {
            let a_rows = shape.out_rows(group);
            let product =
                PlainProduct { a: values, a_rows, weights, out_rows: window_rows, rows: pixels };
            gemm(&product.matrix_product(), &mut windows, Threads::One);
            shape.for_each_tap(|pixel, tap, in_pixel| {
                let from = &windows[pixel * depth + tap * group_in..][..group_in];
                let to = &mut to[in_pixel * shape.in_channels + group * group_in..];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
            });
        }
    }
    // From [out, kernel, kernel, group_in] to PyTorch's layout.
    let filters = weight_gradient.chunks_exact_mut(depth).zip(ordered.chunks_exact(depth));
    for (gradient, ordered) in filters {
        for (at, &value) in ordered.iter().enumerate() {
            gradient[at % group_in * taps + at / group_in] += value;
        }
    }
}
