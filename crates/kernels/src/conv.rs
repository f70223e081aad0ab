//! Dense and grouped convolution of any odd kernel as matrix products: in an NHWC map, the inputs
//! under one row of a window lie side by side.

use std::ops::Range;

use crate::activation::Activation;
use crate::gemm::{Product, Rows, Runs, gemm};
use crate::geometry::Geometry;
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::simd::InstructionSet;

/// What a convolution does to its sums: `act(sum + residual)`.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a> {
    /// As long as the output.
    pub residual: Option<&'a [f32]>,
    /// Applied last.
    pub act: Activation,
}

/// A dense or grouped convolution with bias, its weights packed once.
#[derive(Clone, Debug)]
pub struct Conv {
    kernel: usize,
    in_channels: usize,
    out_channels: usize,
    /// One a group, rows `[kernel, kernel, in_channels / groups]`.
    groups: Vec<PackedMatrix>,
}

impl Conv {
    /// Packs weights given as `[out, in / groups, kernel, kernel]` (PyTorch's layout).
    ///
    /// # Panics
    /// When `weights` has another length, `groups` does not divide the channels, or the CPU lacks
    /// the instruction set.
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

    /// Numbers of scratch that [`Conv::run`] needs a thread.
    pub fn scratch_len(&self, geometry: &Geometry) -> usize {
        let depth = self.groups.first().map_or(0, |weights| weights.depth);
        if self.is_product(geometry) { 0 } else { geometry.out_width() * depth }
    }

    /// Whether each output pixel is computed from one input pixel, in the same order.
    fn is_product(&self, geometry: &Geometry) -> bool {
        self.kernel == 1 && geometry.stride == 1
    }

    /// `act(conv(input) + bias + residual)`: input `[height, width, in_channels]`, output and
    /// residual `[out_height, out_width, out_channels]`.
    ///
    /// # Panics
    /// When a slice has another length, `scratch` less than [`Conv::scratch_len`] a thread, or the
    /// geometry another kernel.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
        scratch: &mut [f32],
        threads: Threads,
    ) {
        assert_eq!(geometry.kernel, self.kernel, "the geometry's kernel");
        assert_eq!(input.len(), geometry.in_pixels() * self.in_channels, "input");
        assert_eq!(out.len(), geometry.out_pixels() * self.out_channels, "output");
        if self.is_product(geometry) {
            let Epilogue { residual, act } = epilogue;
            for (group, weights) in self.groups.iter().enumerate() {
                let a = Rows { offset: group * weights.depth, stride: self.in_channels };
                let to = Rows { offset: group * weights.columns, stride: self.out_channels };
                let pixels = geometry.in_pixels();
                gemm(input, a, weights, residual, act, out, to, pixels, threads);
            }
            return;
        }
        let row = geometry.out_width() * self.out_channels;
        let scratch_len = self.scratch_len(geometry);
        threads.for_each_share(out, row, scratch, scratch_len, |first, out, patches| {
            for (index, out) in out.chunks_exact_mut(row).enumerate() {
                let y = first + index;
                let residual = epilogue.residual.map(|residual| &residual[y * row..][..row]);
                let epilogue = Epilogue { residual, ..epilogue };
                self.row(input, geometry, y, epilogue, out, patches);
            }
        });
    }

    fn row(
        &self,
        input: &[f32],
        geometry: &Geometry,
        y: usize,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
        patches: &mut [f32],
    ) {
        let inner = match self.groups.len() {
            1 => geometry.inner_columns(),
            // A group's channels of neighbouring pixels do not lie side by side.
            _ => 0..0,
        };
        self.edge(input, geometry, y, 0..inner.start, epilogue, out, patches);
        self.edge(input, geometry, y, inner.end..geometry.out_width(), epilogue, out, patches);
        let taps = geometry.taps(y, geometry.height);
        if inner.is_empty() {
            return;
        }
        let run_len = self.kernel * self.in_channels;
        let first_row = y * geometry.stride + taps.start - geometry.pad();
        let first_column = inner.start * geometry.stride - geometry.pad();
        let at = inner.start * self.out_channels;
        Product {
            a: &input[(first_row * geometry.width + first_column) * self.in_channels..],
            a_stride: geometry.stride * self.in_channels,
            runs: Runs {
                count: taps.len(),
                len: run_len,
                stride: geometry.width * self.in_channels,
            },
            weights: &self.groups[0],
            first_weight: taps.start * run_len,
            residual: epilogue.residual.map(|residual| &residual[at..]),
            act: epilogue.act,
            rows: inner.len(),
        }
        .write(&mut out[at..], self.out_channels);
    }

    /// Outputs `columns` of row `y` from copies of the inputs under their windows.
    #[allow(clippy::too_many_arguments)]
    fn edge(
        &self,
        input: &[f32],
        geometry: &Geometry,
        y: usize,
        columns: Range<usize>,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
        patches: &mut [f32],
    ) {
        for (group, weights) in self.groups.iter().enumerate() {
            let patches = &mut patches[..columns.len() * weights.depth];
            for (x, patch) in columns.clone().zip(patches.chunks_exact_mut(weights.depth)) {
                self.gather(input, geometry, group, (y, x), patch);
            }
            let at = columns.start * self.out_channels + group * weights.columns;
            Product {
                a: patches,
                a_stride: weights.depth,
                runs: Runs::one(weights.depth),
                weights,
                first_weight: 0,
                residual: epilogue.residual.and_then(|residual| residual.get(at..)),
                act: epilogue.act,
                rows: columns.len(),
            }
            .write(out.get_mut(at..).unwrap_or_default(), self.out_channels);
        }
    }

    /// Copies the inputs under the window of output (y, x) to `[kernel, kernel, in / groups]`, zeros
    /// outside the map.
    fn gather(
        &self,
        input: &[f32],
        geometry: &Geometry,
        group: usize,
        (y, x): (usize, usize),
        patch: &mut [f32],
    ) {
        let Geometry { height, width, kernel, stride } = *geometry;
        let each = self.in_channels / self.groups.len();
        let (rows, columns) = (geometry.taps(y, height), geometry.taps(x, width));
        patch.fill(0.0);
        for ky in rows {
            for kx in columns.clone() {
                let pixel = (y * stride + ky - kernel / 2) * width + x * stride + kx - kernel / 2;
                let from = &input[pixel * self.in_channels + group * each..][..each];
                patch[(ky * kernel + kx) * each..][..each].copy_from_slice(from);
            }
        }
    }
}
