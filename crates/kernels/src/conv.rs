//! Dense and grouped convolution of any odd kernel: pointwise as one matrix product a group, others
//! through patches of a few rows of outputs.

use std::cell::RefCell;
use std::ops::Range;

use crate::activation::Activation;
use crate::gemm::{Rows, gemm};
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::simd::InstructionSet;

/// Bytes of patches gathered before they are multiplied: they stay in a core's caches.
const PATCHES_BYTES: usize = 64 * 1024;

thread_local! {
    /// Patches of the calling thread; grows once.
    static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// How a window moves over a map; padding is kernel/2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Input rows.
    pub height: usize,
    /// Input columns.
    pub width: usize,
    /// Side of the window, odd.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
}

impl Geometry {
    /// Output rows.
    pub fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Output columns.
    pub fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Input pixels.
    pub fn in_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Output pixels.
    pub fn out_pixels(&self) -> usize {
        self.out_height() * self.out_width()
    }

    /// The window's taps along one axis that lie inside `0..size`, for output `position`.
    pub(crate) fn taps(&self, position: usize, size: usize) -> Range<usize> {
        let start = position * self.stride;
        let pad = self.kernel / 2;
        pad.saturating_sub(start)..self.kernel.min((size + pad).saturating_sub(start))
    }

    /// Output columns whose taps all lie inside the row.
    pub(crate) fn inner_columns(&self) -> Range<usize> {
        let pad = self.kernel / 2;
        let first = pad.div_ceil(self.stride);
        let end = if self.width > pad { (self.width - pad - 1) / self.stride + 1 } else { 0 };
        first..end.min(self.out_width())
    }
}

/// A dense or grouped convolution with bias, its weights packed once.
#[derive(Clone, Debug)]
pub struct Conv {
    kernel: usize,
    in_channels: usize,
    out_channels: usize,
    /// One a group; rows in the order of patches: `[kernel, kernel, in_channels / groups]`.
    groups: Vec<PackedMatrix>,
}

impl Conv {
    /// Packs weights given as `[out, in / groups, kernel, kernel]` (PyTorch's layout).
    ///
    /// # Panics
    /// When `weights` has another length, or `groups` does not divide the channels.
    pub fn new(
        set: InstructionSet,
        weights: &[f32],
        bias: &[f32],
        in_channels: usize,
        kernel: usize,
        groups: usize,
    ) -> Self {
        let out_channels = bias.len();
        let (group_in, group_out) = (in_channels / groups, out_channels / groups);
        assert!(in_channels.is_multiple_of(groups) && out_channels.is_multiple_of(groups));
        let taps = kernel * kernel;
        let depth = taps * group_in;
        assert_eq!(weights.len(), out_channels * depth, "weights are [out, in/groups, k, k]");
        let mut reordered = vec![0.0; weights.len()];
        for (from, to) in weights.chunks_exact(depth).zip(reordered.chunks_exact_mut(depth)) {
            for (channel, filter) in from.chunks_exact(taps).enumerate() {
                for (tap, &weight) in filter.iter().enumerate() {
                    to[tap * group_in + channel] = weight;
                }
            }
        }
        let groups = reordered
            .chunks_exact(group_out * depth)
            .zip(bias.chunks_exact(group_out))
            .map(|(weights, bias)| PackedMatrix::new(set, weights, bias, depth))
            .collect();
        Self { kernel, in_channels, out_channels, groups }
    }

    /// `act(conv(input) + bias + residual)`: input `[height, width, in_channels]`, output and
    /// residual `[out_height, out_width, out_channels]`.
    ///
    /// # Panics
    /// When a slice has another length, or the geometry another kernel.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        residual: Option<&[f32]>,
        act: Activation,
        out: &mut [f32],
        threads: Threads,
    ) {
        assert_eq!(geometry.kernel, self.kernel, "the geometry's kernel");
        assert_eq!(input.len(), geometry.in_pixels() * self.in_channels, "input");
        assert_eq!(out.len(), geometry.out_pixels() * self.out_channels, "output");
        if self.kernel == 1 && geometry.stride == 1 {
            for (group, weights) in self.groups.iter().enumerate() {
                let a = Rows { offset: group * weights.depth, stride: self.in_channels };
                let to = Rows { offset: group * weights.columns, stride: self.out_channels };
                let pixels = geometry.in_pixels();
                gemm(input, a, weights, residual, act, out, to, pixels, threads);
            }
        } else {
            self.run_on_patches(input, geometry, residual, act, out, threads);
        }
    }

    fn run_on_patches(
        &self,
        input: &[f32],
        geometry: &Geometry,
        residual: Option<&[f32]>,
        act: Activation,
        out: &mut [f32],
        threads: Threads,
    ) {
        let depth = self.kernel * self.kernel * self.in_channels / self.groups.len();
        let cached = (PATCHES_BYTES / size_of::<f32>() / depth).max(1);
        let piece = threads.piece(geometry.out_pixels(), cached);
        let channels = self.out_channels;
        threads.for_each_piece(out, piece * channels, |index, out| {
            let pixels = out.len() / channels;
            let first = index * piece;
            let residual = residual.map(|residual| &residual[first * channels..][..out.len()]);
            PATCHES.with_borrow_mut(|patches| {
                patches.resize(patches.len().max(pixels * depth), 0.0);
                for (group, weights) in self.groups.iter().enumerate() {
                    let patches = &mut patches[..pixels * depth];
                    self.gather(input, geometry, group, first, patches);
                    let a = Rows { offset: 0, stride: depth };
                    let to = Rows { offset: group * weights.columns, stride: channels };
                    gemm(patches, a, weights, residual, act, out, to, pixels, Threads::One);
                }
            });
        });
    }

    /// Copies the inputs under the windows of outputs `first..` into rows
    /// `[kernel, kernel, in_channels / groups]`, zeros outside the map.
    fn gather(
        &self,
        input: &[f32],
        geometry: &Geometry,
        group: usize,
        first: usize,
        patches: &mut [f32],
    ) {
        let Geometry { height, width, kernel, stride } = *geometry;
        let group_in = self.in_channels / self.groups.len();
        let depth = kernel * kernel * group_in;
        for (index, patch) in patches.chunks_exact_mut(depth).enumerate() {
            let pixel = first + index;
            let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
            let (rows, columns) = (geometry.taps(y, height), geometry.taps(x, width));
            if rows.len() < kernel || columns.len() < kernel {
                patch.fill(0.0);
            }
            for ky in rows {
                let row = y * stride + ky - kernel / 2;
                let column = x * stride + columns.start - kernel / 2;
                let from = (row * width + column) * self.in_channels;
                let to = (ky * kernel + columns.start) * group_in;
                if self.groups.len() == 1 {
                    // All taps of a row and their channels lie side by side in both.
                    let length = columns.len() * group_in;
                    patch[to..to + length].copy_from_slice(&input[from..from + length]);
                } else {
                    for tap in 0..columns.len() {
                        let from = from + tap * self.in_channels + group * group_in;
                        let to = to + tap * group_in;
                        let input = &input[from..from + group_in];
                        patch[to..to + group_in].copy_from_slice(input);
                    }
                }
            }
        }
    }
}
