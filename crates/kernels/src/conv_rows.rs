//! A convolution's rows of outputs as matrix products: in an NHWC map, the inputs under one row of a
//! window are contiguous.

use std::ops::Range;

use crate::conv::{Conv, Epilogue};
use crate::geometry::Geometry;
use crate::microkernel::MAX_ROWS;
use crate::packed::PackedMatrix;
use crate::product::{Product, Runs};

/// The outputs of a convolution, which are computed row by row.
pub(crate) struct ConvRows<'a> {
    pub(crate) conv: &'a Conv,
    pub(crate) input: &'a [f32],
    pub(crate) geometry: &'a Geometry,
    pub(crate) epilogue: Epilogue<'a>,
}

impl ConvRows<'_> {
    /// The residual from column `x` of row `y` on.
    fn residual(&self, y: usize, x: usize) -> Option<&[f32]> {
        let first = (y * self.geometry.out_width() + x) * self.conv.out_channels;
        self.epilogue.residual.map(|residual| &residual[first..])
    }

    /// Writes the rows from `first` on, each `[out_width, out_channels]`, which fill `out`.
    pub(crate) fn write(&self, first: usize, out: &mut [f32], patches: &mut [f32]) {
        let columns = 0..self.geometry.out_width();
        let rows = out.chunks_exact_mut(columns.len() * self.conv.out_channels);
        if self.conv.groups.len() > 1 {
            // The channels of one group are not contiguous from pixel to pixel.
            rows.enumerate().for_each(|(y, out)| self.write_groups(first + y, out, patches));
            return;
        }
        let inner = self.geometry.inner_columns();
        if !inner.is_empty() {
            rows.enumerate().for_each(|(y, out)| self.write_inner(first + y, inner.clone(), out));
        }
        for x in columns.filter(|x| !inner.contains(x)) {
            self.write_column(first, x, out, patches);
        }
    }

    /// Writes the columns of row `y` whose windows lie inside the map.
    fn write_inner(&self, y: usize, inner: Range<usize>, out: &mut [f32]) {
        let Self { conv, geometry, .. } = *self;
        let taps = geometry.taps(y, geometry.height);
        let run_len = geometry.kernel * conv.in_channels;
        let first_row = y * geometry.stride + taps.start - geometry.pad();
        let first_column = inner.start * geometry.stride - geometry.pad();
        Product {
            a: &self.input[(first_row * geometry.width + first_column) * conv.in_channels..],
            a_stride: geometry.stride * conv.in_channels,
            runs: Runs {
                count: taps.len(),
                len: run_len,
                stride: geometry.width * conv.in_channels,
            },
            weights: &conv.groups[0],
            first_weight: taps.start * run_len,
            residual: self.residual(y, inner.start),
            act: self.epilogue.act,
            rows: inner.len(),
        }
        .write(&mut out[inner.start * conv.out_channels..], conv.out_channels);
    }

    /// Writes column `x` of the rows from `first` on from copies of the inputs under the windows. One
    /// pixel alone would take as long as a tile of several, since all weights are read for it.
    fn write_column(&self, first: usize, x: usize, out: &mut [f32], patches: &mut [f32]) {
        let weights = &self.conv.groups[0];
        let row = self.geometry.out_width() * self.conv.out_channels;
        let end = first + out.len() / row;
        for start in (first..end).step_by(MAX_ROWS) {
            let rows = start..end.min(start + MAX_ROWS);
            let patches = &mut patches[..rows.len() * weights.depth];
            for (y, patch) in rows.clone().zip(patches.chunks_exact_mut(weights.depth)) {
                self.gather(0, y, x, patch);
            }
            let residual = self.residual(start, x);
            self.product_of(patches, weights, residual)
                .write(&mut out[(start - first) * row + x * self.conv.out_channels..], row);
        }
    }

    /// Writes row `y` of all groups from copies of the inputs under the windows.
    fn write_groups(&self, y: usize, out: &mut [f32], patches: &mut [f32]) {
        let conv = self.conv;
        let columns = self.geometry.out_width();
        for (group, weights) in conv.groups.iter().enumerate() {
            let patches = &mut patches[..columns * weights.depth];
            for (x, patch) in patches.chunks_exact_mut(weights.depth).enumerate() {
                self.gather(group, y, x, patch);
            }
            let first = group * weights.columns;
            let residual = self.residual(y, 0).map(|residual| &residual[first..]);
            self.product_of(patches, weights, residual).write(&mut out[first..], conv.out_channels);
        }
    }

    /// The product of patches `[rows, depth]` with the weights of a group.
    fn product_of<'p>(
        &self,
        patches: &'p [f32],
        weights: &'p PackedMatrix,
        residual: Option<&'p [f32]>,
    ) -> Product<'p> {
        Product {
            a: patches,
            a_stride: weights.depth,
            runs: Runs::one(weights.depth),
            weights,
            first_weight: 0,
            residual,
            act: self.epilogue.act,
            rows: patches.len() / weights.depth,
        }
    }

    /// Copies the inputs under the window of output (y, x) to `[kernel, kernel, in / groups]`, with
    /// zeros for what lies outside the map.
    fn gather(&self, group: usize, y: usize, x: usize, patch: &mut [f32]) {
        let Geometry { height, width, kernel, stride } = *self.geometry;
        let in_channels = self.conv.in_channels;
        let each = in_channels / self.conv.groups.len();
        let (rows, columns) = (self.geometry.taps(y, height), self.geometry.taps(x, width));
        patch.fill(0.0);
        for ky in rows {
            for kx in columns.clone() {
                let pixel = (y * stride + ky - kernel / 2) * width + x * stride + kx - kernel / 2;
                let from = &self.input[pixel * in_channels + group * each..][..each];
                patch[(ky * kernel + kx) * each..][..each].copy_from_slice(from);
            }
        }
    }
}
