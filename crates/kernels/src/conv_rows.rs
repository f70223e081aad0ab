//! A convolution's rows of outputs as matrix products: in an NHWC map, the inputs under one row of a
//! window are contiguous.

use std::ops::Range;

use crate::conv::{Conv, Epilogue};
use crate::geometry::Geometry;
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

    /// Writes row `y`, `[out_width, out_channels]`.
    pub(crate) fn write(&self, y: usize, out: &mut [f32], patches: &mut [f32]) {
        let Self { conv, geometry, .. } = *self;
        let inner = match conv.groups.len() {
            1 => geometry.inner_columns(),
            // The channels of one group are not contiguous from pixel to pixel.
            _ => 0..0,
        };
        self.write_edge(y, 0..inner.start, out, patches);
        self.write_edge(y, inner.end..geometry.out_width(), out, patches);
        if inner.is_empty() {
            return;
        }
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

    /// Writes some columns of row `y` from copies of the inputs under their windows.
    fn write_edge(&self, y: usize, columns: Range<usize>, out: &mut [f32], patches: &mut [f32]) {
        if columns.is_empty() {
            return;
        }
        let conv = self.conv;
        for (group, weights) in conv.groups.iter().enumerate() {
            let patches = &mut patches[..columns.len() * weights.depth];
            for (x, patch) in columns.clone().zip(patches.chunks_exact_mut(weights.depth)) {
                self.gather(group, y, x, patch);
            }
            let first = group * weights.columns;
            Product {
                a: patches,
                a_stride: weights.depth,
                runs: Runs::one(weights.depth),
                weights,
                first_weight: 0,
                residual: self.residual(y, columns.start).map(|residual| &residual[first..]),
                act: self.epilogue.act,
                rows: columns.len(),
            }
            .write(&mut out[columns.start * conv.out_channels + first..], conv.out_channels);
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
