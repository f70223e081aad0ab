//! A matrix product on one thread, cut into tiles for the microkernel.

#![allow(unsafe_code)]

use crate::activation::Activation;
use crate::microkernel::{MAX_ROWS, Tile, run_tile};
use crate::packed::PackedMatrix;
use crate::simd::{Simd, dispatch};

/// Weights that stay in a core's second-level cache beside the inputs.
const WEIGHTS_IN_CACHE: usize = 32 * 1024;

/// The parts of a row of inputs: `count` runs of `len` elements, whose starts are `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    pub(crate) count: usize,
    pub(crate) len: usize,
    pub(crate) stride: usize,
}

impl Runs {
    pub(crate) fn one(len: usize) -> Self {
        Self { count: 1, len, stride: 0 }
    }

    /// The distance from the first element to one past the last.
    fn extent(&self) -> usize {
        if self.count == 0 { 0 } else { (self.count - 1) * self.stride + self.len }
    }
}

/// `act(a x weights + bias + residual)` on one thread.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// Row `r` starts at `r * a_stride`; rows may overlap.
    pub(crate) a: &'a [f32],
    pub(crate) a_stride: usize,
    pub(crate) runs: Runs,
    pub(crate) weights: &'a PackedMatrix,
    /// The row of the weights that the first element of a row is multiplied with.
    pub(crate) first_weight: usize,
    /// Rows as those of the output.
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) act: Activation,
    pub(crate) rows: usize,
}

impl Product<'_> {
    /// Writes the rows to `out`, where their starts are `out_stride` apart.
    ///
    /// # Panics
    /// When a slice is too short.
    pub(crate) fn write(self, out: &mut [f32], out_stride: usize) {
        let Self { weights, act, rows, .. } = self;
        // SAFETY: the pointer is valid for the length of the slice.
        unsafe { self.write_to(out.as_mut_ptr(), out.len(), out_stride) }
        if let Some(act) = act.afterwards() {
            out.chunks_mut(out_stride)
                .take(rows)
                .for_each(|row| act.apply(&mut row[..weights.columns]));
        }
    }

    /// Like [`Product::write`], but without activations that are not applied in registers.
    ///
    /// # Safety
    /// `out` is valid for writes of `len` elements.
    pub(crate) unsafe fn write_to(self, out: *mut f32, len: usize, out_stride: usize) {
        let Self { a, a_stride, runs, weights, first_weight, residual, rows, .. } = self;
        if rows == 0 || weights.columns == 0 {
            return;
        }
        let inputs_end = (rows - 1) * a_stride + runs.extent();
        assert!(inputs_end <= a.len(), "the inputs are too short for {rows} rows");
        let weights_end = first_weight + runs.count * runs.len;
        assert!(weights_end <= weights.depth, "there are too few weights for a row of inputs");
        let end = (rows - 1) * out_stride + weights.columns;
        assert!(weights.columns <= out_stride, "rows of the output overlap");
        assert!(end <= len, "the output is too short for {rows} rows");
        let residual_fits = residual.is_none_or(|residual| end <= residual.len());
        assert!(residual_fits, "the residual is too short for {rows} rows");
        let args = Args { product: self, out, out_stride };
        // SAFETY: the slices and `out` hold all rows, and `PackedMatrix::new` has checked that the
        // CPU has the instruction set.
        unsafe { multiply(weights.set, &args) }
    }
}

struct Args<'a> {
    product: Product<'a>,
    out: *mut f32,
    out_stride: usize,
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set, and every slice of the product and `out` hold all rows.
    unsafe fn multiply(args: &Args<'_>) = multiply_with
}

/// Multiplies each tile of rows with all panels of a group that stays in the cache, so that a row's
/// outputs are written one after another.
#[inline(always)]
unsafe fn multiply_with<S: Simd>(args: &Args<'_>) {
    let Args { product, out, out_stride } = *args;
    let Product { a, a_stride, runs, weights, first_weight, residual, act, rows } = product;
    let PackedMatrix { depth, columns, .. } = *weights;
    let width = 2 * S::LANES;
    let group = (WEIGHTS_IN_CACHE / depth.max(1) / width).max(1) * width;
    let tiles = rows.div_ceil(MAX_ROWS);
    for first in (0..columns).step_by(group) {
        let end = columns.min(first + group);
        for tile in 0..tiles {
            // As even as possible: a tile of one row would take as long as one of several.
            let (row, end_row) = (tile * rows / tiles, (tile + 1) * rows / tiles);
            for column in (first..end).step_by(width) {
                let panel_width = width.min(weights.bias.len() - column);
                let at = row * out_stride + column;
                // SAFETY: the slices hold all rows; the panels and biases hold all columns, padded.
                unsafe {
                    run_tile::<S>(&Tile {
                        a: a.as_ptr().add(row * a_stride),
                        a_stride,
                        runs: runs.count,
                        run_len: runs.len,
                        run_stride: runs.stride,
                        panel: weights
                            .panels
                            .as_ptr()
                            .add(column * depth + first_weight * panel_width),
                        bias: weights.bias.as_ptr().add(column),
                        residual: residual.map_or(std::ptr::null(), |r| r.as_ptr().add(at)),
                        out: out.add(at),
                        out_stride,
                        rows: end_row - row,
                        columns: width.min(columns - column),
                        act: act.in_registers(),
                    });
                }
            }
        }
    }
}
