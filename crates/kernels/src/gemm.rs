//! Matrix product with packed weights.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::activation::Activation;
use crate::microkernel::{MOST_ROWS, Tile, run_tile};
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::simd::{Simd, dispatch};

/// Numbers of inputs that stay in a core's second-level cache.
const ROWS_IN_CACHE: usize = 48 * 1024;
/// Numbers of weights that stay there beside them.
const WEIGHTS_IN_CACHE: usize = 32 * 1024;

/// Rows of a matrix inside a slice: row r starts at `offset + r * stride`.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Start of row 0.
    pub offset: usize,
    /// From row to row.
    pub stride: usize,
}

/// `act(a x weights + bias + residual)` for `rows` rows (pixels).
///
/// `a` and `out` are cut as `a_rows` and `out_rows` say; `residual` is cut as `out`.
///
/// # Panics
/// When a slice is too short for its rows, or rows of `out` overlap.
#[allow(clippy::too_many_arguments)]
pub fn gemm(
    a: &[f32],
    a_rows: Rows,
    weights: &PackedMatrix,
    residual: Option<&[f32]>,
    act: Activation,
    out: &mut [f32],
    out_rows: Rows,
    rows: usize,
    threads: Threads,
) {
    if rows == 0 {
        return;
    }
    let stride = out_rows.stride;
    let piece = threads.piece(rows, piece(weights, rows));
    // From the first row's start, so that pieces are whole rows; the last row may be short.
    let end = (out_rows.offset + rows * stride).min(out.len());
    threads.for_each_piece(&mut out[out_rows.offset..end], piece * stride, |index, out| {
        let first = index * piece;
        Product {
            a: &a[a_rows.offset + first * a_rows.stride..],
            a_stride: a_rows.stride,
            runs: Runs::one(weights.depth),
            weights,
            first_weight: 0,
            residual: residual.map(|residual| &residual[out_rows.offset + first * stride..]),
            act,
            rows: piece.min(rows - first),
        }
        .write(out, stride);
    });
}

/// `a x weights + bias` on this thread, to memory that need not be initialised: afterwards the rows are.
///
/// # Panics
/// As [`gemm`].
pub(crate) fn gemm_uninit(
    a: &[f32],
    a_rows: Rows,
    weights: &PackedMatrix,
    out: &mut [MaybeUninit<f32>],
    out_rows: Rows,
    rows: usize,
) {
    if rows == 0 {
        return;
    }
    let piece = piece(weights, rows);
    for first in (0..rows).step_by(piece) {
        let product = Product {
            a: &a[a_rows.offset + first * a_rows.stride..],
            a_stride: a_rows.stride,
            runs: Runs::one(weights.depth),
            weights,
            first_weight: 0,
            residual: None,
            act: Activation::Linear,
            rows: piece.min(rows - first),
        };
        let out = &mut out[out_rows.offset + first * out_rows.stride..];
        // SAFETY: the pointer is good for the slice's length.
        unsafe { product.write_to(out.as_mut_ptr().cast(), out.len(), out_rows.stride) }
    }
}

/// Rows that stay in the cache: as even pieces of all as can be, since a rest of one or two rows would
/// be rounded in another way.
fn piece(weights: &PackedMatrix, rows: usize) -> usize {
    let cached = (ROWS_IN_CACHE / weights.depth.max(1)).next_multiple_of(MOST_ROWS);
    rows.div_ceil(rows.div_ceil(cached))
}

/// Of what a row of inputs consists: `count` runs of `len` numbers, `stride` apart.
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

    /// From the first number to past the last.
    fn extent(&self) -> usize {
        if self.count == 0 { 0 } else { (self.count - 1) * self.stride + self.len }
    }
}

/// A product on one thread.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// Row r starts at `r * a_stride`; rows may overlap.
    pub(crate) a: &'a [f32],
    pub(crate) a_stride: usize,
    pub(crate) runs: Runs,
    pub(crate) weights: &'a PackedMatrix,
    /// The row of the weights that the first number of a row meets.
    pub(crate) first_weight: usize,
    /// Rows like those of the output.
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) act: Activation,
    pub(crate) rows: usize,
}

impl Product<'_> {
    /// Writes the rows to `out`, `out_stride` apart.
    ///
    /// # Panics
    /// When a slice is too short.
    pub(crate) fn write(self, out: &mut [f32], out_stride: usize) {
        let Self { weights, act, rows, .. } = self;
        // SAFETY: the pointer is good for the slice's length.
        unsafe { self.write_to(out.as_mut_ptr(), out.len(), out_stride) }
        if let Some(act) = act.afterwards() {
            out.chunks_mut(out_stride)
                .take(rows)
                .for_each(|row| act.apply(&mut row[..weights.columns]));
        }
    }

    /// As [`Product::write`], without activations that come afterwards.
    ///
    /// # Safety
    /// `out` is good for writing `len` elements.
    unsafe fn write_to(self, out: *mut f32, len: usize, out_stride: usize) {
        let Self { a, a_stride, runs, weights, first_weight, residual, rows, .. } = self;
        if rows == 0 || weights.columns == 0 {
            return;
        }
        assert!((rows - 1) * a_stride + runs.extent() <= a.len(), "inputs of {rows} rows");
        assert!(first_weight + runs.count * runs.len <= weights.depth, "weights of a row");
        let end = (rows - 1) * out_stride + weights.columns;
        assert!(weights.columns <= out_stride && end <= len, "outputs of {rows} rows");
        assert!(residual.is_none_or(|residual| end <= residual.len()), "residual of {rows} rows");
        let args = Args { product: self, out, out_stride };
        // SAFETY: the slices and `out` hold all rows, `PackedMatrix::new` checked the instruction set.
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
    /// The CPU has the set, and every slice of the product and `out` hold all rows.
    unsafe fn multiply(args: &Args<'_>) = multiply_with
}

/// Each tile of rows meets all panels of a group that stays in the cache, so that its outputs are
/// written side by side.
#[inline(always)]
unsafe fn multiply_with<S: Simd>(args: &Args<'_>) {
    let Args { product, out, out_stride } = *args;
    let Product { a, a_stride, runs, weights, first_weight, residual, act, rows } = product;
    let PackedMatrix { depth, columns, .. } = *weights;
    let width = 2 * S::LANES;
    let group = (WEIGHTS_IN_CACHE / depth.max(1) / width).max(1) * width;
    let tiles = rows.div_ceil(MOST_ROWS);
    for first in (0..columns).step_by(group) {
        let end = columns.min(first + group);
        for tile in 0..tiles {
            // As even as can be: a tile of one row would take as long as one of several.
            let (row, end_row) = (tile * rows / tiles, (tile + 1) * rows / tiles);
            for column in (first..end).step_by(width) {
                let panel_width = width.min(weights.bias.len() - column);
                let at = row * out_stride + column;
                // SAFETY: the slices hold all rows; the panels and biases all columns, padded.
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
