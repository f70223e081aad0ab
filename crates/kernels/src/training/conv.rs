//! Dense and grouped convolution as matrix products; a linear layer is a pointwise convolution of a
//! 1x1 map.

use super::outer_product::{Matrix, add_outer_products};
use crate::activation::Activation;
use crate::gemm::{Rows, gemm};
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

    fn images(&self, input: &[f32], out: &[f32]) -> usize {
        let images = input.len() / (self.geometry.in_pixels() * self.in_channels);
        assert_eq!(input.len(), images * self.geometry.in_pixels() * self.in_channels, "input");
        assert_eq!(out.len(), images * self.geometry.out_pixels() * self.out_channels, "output");
        images
    }

    /// Weights of a group as `[group_out, kernel, kernel, group_in]`.
    fn group_weights(&self, weights: &[f32], group: usize) -> Vec<f32> {
        let (taps, depth) = (self.taps(), self.depth());
        let weights = &weights[group * self.group_out() * depth..][..self.group_out() * depth];
        let mut ordered = vec![0.0; weights.len()];
        for (ordered, filter) in ordered.chunks_exact_mut(depth).zip(weights.chunks_exact(depth)) {
            for (at, value) in ordered.iter_mut().enumerate() {
                *value = filter[at % self.group_in() * taps + at / self.group_in()];
            }
        }
        ordered
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

/// `out = conv(input) + bias`; an empty `bias` is none. `scratch` is grown as needed.
///
/// # Panics
/// When a slice's length does not fit the shape.
pub fn conv_forward(
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    bias: &[f32],
    out: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let images = shape.images(input, out);
    let (each_in, each_out) = (shape.group_in(), shape.group_out());
    let pixels = shape.geometry.out_pixels();
    for group in 0..shape.groups {
        let zeros = vec![0.0; each_out];
        let bias = if bias.is_empty() { &zeros } else { &bias[group * each_out..][..each_out] };
        let weights = shape.group_weights(weights, group);
        let packed = PackedMatrix::new(InstructionSet::detect(), &weights, bias, shape.depth());
        let out_rows = |image: usize| Rows {
            offset: image * pixels * shape.out_channels + group * each_out,
            stride: shape.out_channels,
        };
        let act = Activation::Linear;
        if shape.is_pointwise() {
            let rows = Rows { offset: group * each_in, stride: shape.in_channels };
            let count = images * pixels;
            gemm(input, rows, &packed, None, act, out, out_rows(0), count, Threads::One);
            continue;
        }
        let in_len = shape.geometry.in_pixels() * shape.in_channels;
        for (image, input) in input.chunks_exact(in_len).enumerate() {
            shape.windows(input, group, scratch);
            let rows = Rows { offset: 0, stride: shape.depth() };
            gemm(scratch, rows, &packed, None, act, out, out_rows(image), pixels, Threads::One);
        }
    }
}

/// The gradient of the input from that of the output.
///
/// # Panics
/// When a slice's length does not fit the shape.
pub fn conv_input_gradient(
    shape: &ConvShape,
    out_gradient: &[f32],
    weights: &[f32],
    in_gradient: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let images = shape.images(in_gradient, out_gradient);
    let (each_in, each_out, depth) = (shape.group_in(), shape.group_out(), shape.depth());
    let pixels = shape.geometry.out_pixels();
    if !shape.is_pointwise() {
        in_gradient.fill(0.0);
    }
    for group in 0..shape.groups {
        let weights = shape.group_weights(weights, group);
        let mut transposed = vec![0.0; weights.len()];
        for (out, filter) in weights.chunks_exact(depth).enumerate() {
            for (at, &weight) in filter.iter().enumerate() {
                transposed[at * each_out + out] = weight;
            }
        }
        let zeros = vec![0.0; depth];
        let packed = PackedMatrix::new(InstructionSet::detect(), &transposed, &zeros, each_out);
        let rows = |image: usize| Rows {
            offset: image * pixels * shape.out_channels + group * each_out,
            stride: shape.out_channels,
        };
        let (act, one) = (Activation::Linear, Threads::One);
        if shape.is_pointwise() {
            let to = Rows { offset: group * each_in, stride: shape.in_channels };
            let count = images * pixels;
            gemm(out_gradient, rows(0), &packed, None, act, in_gradient, to, count, one);
            continue;
        }
        scratch.resize(pixels * depth, 0.0);
        let in_len = shape.geometry.in_pixels() * shape.in_channels;
        for (image, in_gradient) in in_gradient.chunks_exact_mut(in_len).enumerate() {
            let to = Rows { offset: 0, stride: depth };
            gemm(out_gradient, rows(image), &packed, None, act, scratch, to, pixels, one);
            shape.for_each_tap(|pixel, tap, in_pixel| {
                let from = &scratch[pixel * depth + tap * each_in..][..each_in];
                let to = &mut in_gradient[in_pixel * shape.in_channels + group * each_in..];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
            });
        }
    }
}

/// Adds the gradient of the weights to `weight_gradient`.
///
/// # Panics
/// When a slice's length does not fit the shape.
pub fn conv_weight_gradient(
    shape: &ConvShape,
    input: &[f32],
    out_gradient: &[f32],
    weight_gradient: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let images = shape.images(input, out_gradient);
    let (each_in, each_out, depth) = (shape.group_in(), shape.group_out(), shape.depth());
    let (pixels, taps) = (shape.geometry.out_pixels(), shape.taps());
    for (group, gradient) in weight_gradient.chunks_exact_mut(each_out * depth).enumerate() {
        let of_out = |image: usize| Matrix {
            values: out_gradient,
            rows: Rows {
                offset: image * pixels * shape.out_channels + group * each_out,
                stride: shape.out_channels,
            },
            columns: each_out,
        };
        if shape.is_pointwise() {
            let rows = Rows { offset: group * each_in, stride: shape.in_channels };
            let input = Matrix { values: input, rows, columns: each_in };
            add_outer_products(of_out(0), input, images * pixels, gradient);
            continue;
        }
        let mut ordered = vec![0.0; gradient.len()];
        let in_len = shape.geometry.in_pixels() * shape.in_channels;
        for (image, input) in input.chunks_exact(in_len).enumerate() {
            shape.windows(input, group, scratch);
            let rows = Rows { offset: 0, stride: depth };
            let windows = Matrix { values: scratch, rows, columns: depth };
            add_outer_products(of_out(image), windows, pixels, &mut ordered);
        }
        let filters = gradient.chunks_exact_mut(depth).zip(ordered.chunks_exact(depth));
        for (gradient, ordered) in filters {
            for (at, &value) in ordered.iter().enumerate() {
                gradient[at % each_in * taps + at / each_in] += value;
            }
        }
    }
}
