//! Dense and grouped convolution as matrix products; a linear layer is a pointwise convolution of a
//! 1x1 map.

#![allow(unsafe_code)]

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::append::append;
use super::out_gradient::OutGradient;
use super::outer_product::{Matrix, add_outer_products, rows_in_cache};
use crate::activation::Activation;
use crate::gemm::{Rows, gemm, gemm_uninit};
use crate::geometry::Geometry;
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::simd::InstructionSet;

/// A convolution without its weights, which are `[out, in / groups, kernel, kernel]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// How the window moves over one image.
    pub geometry: Geometry,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Divides both.
    pub groups: usize,
}

impl ConvShape {
    fn taps(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel
    }

    fn group_in(&self) -> usize {
        self.in_channels / self.groups
    }

    fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Inputs under one window, of one group.
    fn depth(&self) -> usize {
        self.taps() * self.group_in()
    }

    /// Whether the rows of the product are the input's pixels as they are.
    fn is_pointwise(&self) -> bool {
        self.geometry.kernel == 1 && self.geometry.stride == 1
    }

    fn images(&self, in_len: usize) -> usize {
        let channels = (self.group_in() * self.groups, self.group_out() * self.groups);
        assert_eq!(channels, (self.in_channels, self.out_channels), "whole groups");
        let images = in_len / (self.geometry.in_pixels() * self.in_channels);
        assert_eq!(in_len, images * self.geometry.in_pixels() * self.in_channels, "input");
        images
    }

    /// Weights of a group as `[group_out, kernel, kernel, group_in]`.
    fn group_weights<'w>(&self, weights: &'w [f32], group: usize) -> Cow<'w, [f32]> {
        let (taps, depth) = (self.taps(), self.depth());
        let weights = &weights[group * self.group_out() * depth..][..self.group_out() * depth];
        if taps == 1 {
            return Cow::Borrowed(weights);
        }
        let mut ordered = vec![0.0; weights.len()];
        for (ordered, filter) in ordered.chunks_exact_mut(depth).zip(weights.chunks_exact(depth)) {
            for (at, value) in ordered.iter_mut().enumerate() {
                *value = filter[at % self.group_in() * taps + at / self.group_in()];
            }
        }
        Cow::Owned(ordered)
    }

    /// The outputs of a group.
    fn out_rows(&self, group: usize) -> Rows {
        Rows { offset: group * self.group_out(), stride: self.out_channels }
    }

    /// The inputs of a group among all pixels from `first` on.
    fn in_rows(&self, first: usize, group: usize) -> Rows {
        let offset = first * self.in_channels + group * self.group_in();
        Rows { offset, stride: self.in_channels }
    }

    /// All pixels of a pointwise convolution, in blocks whose inputs and outputs stay in the cache. A
    /// short rest joins the last block: the matrix product rounds one or two rows in another way.
    fn blocks(&self, images: usize) -> impl Iterator<Item = Range<usize>> {
        const SHORT: usize = 12;
        let pixels = images * self.geometry.out_pixels();
        let block = rows_in_cache(self.group_in() + self.group_out());
        let blocks = (pixels.saturating_sub(SHORT) / block) + 1;
        let end = move |index| if index == blocks { pixels } else { index * block };
        (0..blocks).map(move |index| end(index)..end(index + 1))
    }

    /// Calls `visit(pixel, tap, in_pixel)` for every tap of an image that lies in the map.
    fn for_each_tap(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Geometry { height, width, kernel, stride } = self.geometry;
        for pixel in 0..self.geometry.out_pixels() {
            let (y, x) = (pixel / self.geometry.out_width(), pixel % self.geometry.out_width());
            for ky in self.geometry.taps(y, height) {
                for kx in self.geometry.taps(x, width) {
                    let row = y * stride + ky - kernel / 2;
                    let column = x * stride + kx - kernel / 2;
                    visit(pixel, ky * kernel + kx, row * width + column);
                }
            }
        }
    }

    /// The inputs under each window of an image, `[out_pixels, kernel, kernel, group_in]`.
    fn windows(&self, image: &[f32], group: usize, windows: &mut Vec<f32>) {
        let (each, depth) = (self.group_in(), self.depth());
        windows.clear();
        windows.resize(self.geometry.out_pixels() * depth, 0.0);
        self.for_each_tap(|pixel, tap, in_pixel| {
            let from = &image[in_pixel * self.in_channels + group * each..][..each];
            windows[pixel * depth + tap * each..][..each].copy_from_slice(from);
        });
    }
}

/// Appends `conv(input) + bias` to `out`; an empty `bias` is none. `advance` is called again and again
/// with all outputs that are there.
///
/// # Panics
/// When a slice's length does not fit the shape.
pub fn conv_forward(
    shape: &ConvShape,
    input: &[f32],
    (weights, bias): (&[f32], &[f32]),
    out: &mut Vec<f32>,
    advance: &mut dyn FnMut(&[f32]),
) {
    let images = shape.images(input.len());
    let (set, pixels) = (InstructionSet::detect(), shape.geometry.out_pixels());
    out.reserve_exact(images * pixels * shape.out_channels);
    let zeros = vec![0.0; shape.out_channels];
    let bias = if bias.is_empty() { &zeros } else { bias };
    assert_eq!(bias.len(), shape.out_channels, "bias");
    let packed: Vec<PackedMatrix> = (0..shape.groups)
        .zip(bias.chunks_exact(shape.group_out()))
        .map(|(group, bias)| {
            PackedMatrix::new(set, &shape.group_weights(weights, group), bias, shape.depth())
        })
        .collect();
    let (mut windows, in_len) = (Vec::new(), shape.geometry.in_pixels() * shape.in_channels);
    let from_windows = Rows { offset: 0, stride: shape.depth() };
    let blocks = match shape.is_pointwise() {
        true => shape.blocks(images).collect(),
        false => whole_images(images, pixels),
    };
    for Range { start, end } in blocks {
        let count = end - start;
        let write = |to: &mut [MaybeUninit<f32>]| {
            for (group, packed) in packed.iter().enumerate() {
                let to_rows = shape.out_rows(group);
                if shape.is_pointwise() {
                    gemm_uninit(input, shape.in_rows(start, group), packed, to, to_rows, count);
                } else {
                    shape.windows(&input[start / pixels * in_len..][..in_len], group, &mut windows);
                    gemm_uninit(&windows, from_windows, packed, to, to_rows, count);
                }
            }
        };
        // SAFETY: the groups write all channels of the block's pixels.
        unsafe { append(out, count * shape.out_channels, write) }
        advance(out);
    }
}

/// The pixels of each image.
fn whole_images(images: usize, pixels: usize) -> Vec<Range<usize>> {
    (0..images).map(|image| image * pixels..(image + 1) * pixels).collect()
}

/// Gradients of a convolution's input, where it is wanted, and weights.
#[derive(Debug)]
pub struct ConvGradients<'a> {
    /// Appended to.
    pub input: Option<&'a mut Vec<f32>>,
    /// Added to.
    pub weights: &'a mut [f32],
}

/// The gradients of input and weights from that of the output.
///
/// # Panics
/// When a slice's length does not fit the shape.
pub fn conv_backward(
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    out_gradient: &OutGradient<'_>,
    gradients: ConvGradients<'_>,
) {
    let images = shape.images(input.len());
    assert_eq!(
        out_gradient.len(),
        images * shape.geometry.out_pixels() * shape.out_channels,
        "output"
    );
    let (set, depth) = (InstructionSet::detect(), shape.depth());
    let ConvGradients { input: mut in_gradient, weights: weight_gradient } = gradients;
    let packed: Vec<PackedMatrix> = match in_gradient {
        Some(_) => (0..shape.groups)
            .map(|group| PackedMatrix::of_rows(set, &shape.group_weights(weights, group), depth))
            .collect(),
        None => Vec::new(),
    };
    let group_len = shape.group_out() * depth;
    let mut scratch = Vec::new();
    if shape.is_pointwise() {
        for Range { start, end } in shape.blocks(images) {
            let (count, range) =
                (end - start, start * shape.out_channels..end * shape.out_channels);
            let values = out_gradient.block(range, &mut scratch);
            for (group, gradient) in weight_gradient.chunks_exact_mut(group_len).enumerate() {
                let of_out =
                    Matrix { values, rows: shape.out_rows(group), columns: shape.group_out() };
                let rows = shape.in_rows(start, group);
                let input = Matrix { values: input, rows, columns: shape.group_in() };
                add_outer_products(of_out, input, count, gradient);
            }
            let Some(to) = &mut in_gradient else { continue };
            let write = |to: &mut [MaybeUninit<f32>]| {
                for (group, packed) in packed.iter().enumerate() {
                    let (from, to_rows) = (shape.out_rows(group), shape.in_rows(0, group));
                    gemm_uninit(values, from, packed, to, to_rows, count);
                }
            };
            // SAFETY: the groups write all channels of the block's pixels.
            unsafe { append(to, count * shape.in_channels, write) }
        }
        return;
    }
    let pixels = shape.geometry.out_pixels();
    let in_len = shape.geometry.in_pixels() * shape.in_channels;
    let mut ordered = vec![0.0; weight_gradient.len()];
    let mut windows = vec![0.0; pixels * depth];
    let rows = Rows { offset: 0, stride: depth };
    for (image, input) in input.chunks_exact(in_len).enumerate() {
        let range = image * pixels * shape.out_channels..(image + 1) * pixels * shape.out_channels;
        let values = out_gradient.block(range, &mut scratch);
        for (group, gradient) in ordered.chunks_exact_mut(group_len).enumerate() {
            shape.windows(input, group, &mut windows);
            let of_out = Matrix { values, rows: shape.out_rows(group), columns: shape.group_out() };
            let of_windows = Matrix { values: &windows, rows, columns: depth };
            add_outer_products(of_out, of_windows, pixels, gradient);
        }
        let Some(to) = &mut in_gradient else { continue };
        let first = to.len();
        to.resize(first + in_len, 0.0);
        let to = &mut to[first..];
        for (group, packed) in packed.iter().enumerate() {
            let (from, act, one) = (shape.out_rows(group), Activation::Linear, Threads::One);
            gemm(values, from, packed, None, act, &mut windows, rows, pixels, one);
            let each_in = shape.group_in();
            shape.for_each_tap(|pixel, tap, in_pixel| {
                let from = &windows[pixel * depth + tap * each_in..][..each_in];
                let to = &mut to[in_pixel * shape.in_channels + group * each_in..];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
            });
        }
    }
    let (taps, each_in) = (shape.taps(), shape.group_in());
    let filters = weight_gradient.chunks_exact_mut(depth).zip(ordered.chunks_exact(depth));
    for (gradient, ordered) in filters {
        for (at, &value) in ordered.iter().enumerate() {
            gradient[at % each_in * taps + at / each_in] += value;
        }
    }
}
