//! Dense and grouped convolution as matrix products. A linear layer is a pointwise convolution of a
//! 1x1 map.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::append::append;
use super::conv_shape::ConvShape;
use crate::activation::Activation;
use crate::gemm::{MatrixProduct, Rows, gemm_uninit};
use crate::packed::PackedMatrix;
use crate::simd::InstructionSet;

/// The weights of a convolution, and its bias where it has one.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'a> {
    /// `[out, in / groups, kernel, kernel]`
    pub weights: &'a [f32],
    /// `[out]`
    pub bias: Option<&'a [f32]>,
}

/// `a x weights` without residual and activation, for `rows` rows.
pub(super) struct PlainProduct<'a> {
    pub(super) a: &'a [f32],
    pub(super) a_rows: Rows,
    pub(super) weights: &'a PackedMatrix,
    pub(super) out_rows: Rows,
    pub(super) rows: usize,
}

impl<'a> PlainProduct<'a> {
    #[inline]
    pub(super) fn matrix_product(self) -> MatrixProduct<'a> {
        let Self { a, a_rows, weights, out_rows, rows } = self;
        let act = Activation::Linear;
        MatrixProduct { a, a_rows, weights, residual: None, act, out_rows, rows }
    }
}

/// Appends `conv(input) + bias` to `out`, block by block. After each block, `advance` is called with all
/// outputs so far.
///
/// # Panics
/// When the length of a slice does not fit the shape.
pub fn conv_forward(
    shape: &ConvShape,
    input: &[f32],
    filters: Filters<'_>,
    out: &mut Vec<f32>,
    advance: &mut dyn FnMut(&[f32]),
) {
    let Filters { weights, bias } = filters;
    let images = shape.images(input.len());
    let (set, pixels) = (InstructionSet::detect(), shape.geometry.out_pixels());
    out.reserve_exact(images * pixels * shape.out_channels);
    let zeros = vec![0.0; shape.out_channels];
    let bias = bias.unwrap_or(&zeros);
    assert_eq!(bias.len(), shape.out_channels, "length of the bias");
    let packed: Vec<PackedMatrix> = (0..shape.groups)
        .zip(bias.chunks_exact(shape.group_out()))
        .map(|(group, bias)| {
            PackedMatrix::new(set, &shape.group_weights(weights, group), bias, shape.depth())
        })
        .collect();
    let mut windows = Vec::new();
    let window_rows = Rows { offset: 0, stride: shape.depth() };
    let blocks = match shape.is_pointwise() {
        true => shape.blocks(images).collect(),
        false => whole_images(images, pixels),
    };
    for Range { start, end } in blocks {
        let rows = end - start;
        let write = |to: &mut [MaybeUninit<f32>]| {
            for (group, weights) in packed.iter().enumerate() {
                let (a, a_rows) = if shape.is_pointwise() {
                    (input, shape.in_rows(start, group))
                } else {
                    let image = &input[start / pixels * shape.image_len()..][..shape.image_len()];
                    shape.windows(image, group, &mut windows);
                    (&windows[..], window_rows)
                };
                let out_rows = shape.out_rows(group);
                let product = PlainProduct { a, a_rows, weights, out_rows, rows };
                gemm_uninit(&product.matrix_product(), to);
            }
        };
        // SAFETY: the groups together write all channels of the pixels in the block.
        unsafe { append(out, rows * shape.out_channels, write) }
        advance(out);
    }
}

/// The pixels of each image.
fn whole_images(images: usize, pixels: usize) -> Vec<Range<usize>> {
    (0..images).map(|image| image * pixels..(image + 1) * pixels).collect()
}
