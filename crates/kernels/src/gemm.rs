//! Matrix products with packed weights, cut into pieces for caches and threads.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::activation::Activation;
use crate::microkernel::MAX_ROWS;
use crate::packed::PackedMatrix;
use crate::parallel::Threads;
use crate::product::{Product, Runs};

/// Elements of the left matrix that stay in a core's second-level cache.
const ROWS_IN_CACHE: usize = 48 * 1024;

/// Rows of a matrix inside a slice: row `r` starts at `offset + r * stride`.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Where row 0 starts.
    pub offset: usize,
    /// The distance from the start of one row to the start of the next.
    pub stride: usize,
}

/// The operands of `act(a x weights + bias + residual)`.
#[derive(Clone, Copy, Debug)]
pub struct MatrixProduct<'a> {
    /// The left matrix, `[rows, depth]`, inside a slice.
    pub a: &'a [f32],
    /// Where the rows of `a` are.
    pub a_rows: Rows,
    /// The right matrix, `[depth, columns]`, and the bias.
    pub weights: &'a PackedMatrix,
    /// What is added before the activation: rows as those of the output.
    pub residual: Option<&'a [f32]>,
    /// The activation, which is applied last.
    pub act: Activation,
    /// Where the rows of the output are.
    pub out_rows: Rows,
    /// The number of rows; in a convolution, the number of pixels.
    pub rows: usize,
}

impl<'a> MatrixProduct<'a> {
    /// The product of at most `piece` rows from `first` on.
    #[inline]
    fn piece(&self, first: usize, piece: usize) -> Product<'a> {
        let out_first = self.out_rows.offset + first * self.out_rows.stride;
        Product {
            a: &self.a[self.a_rows.offset + first * self.a_rows.stride..],
            a_stride: self.a_rows.stride,
            runs: Runs::one(self.weights.depth),
            weights: self.weights,
            first_weight: 0,
            residual: self.residual.map(|residual| &residual[out_first..]),
            act: self.act,
            rows: piece.min(self.rows - first),
        }
    }

    /// The number of rows that stay in the cache. The pieces are as even as possible, since one or
    /// two rows left over would be rounded differently.
    fn piece_rows(&self) -> usize {
        let cached = (ROWS_IN_CACHE / self.weights.depth.max(1)).next_multiple_of(MAX_ROWS);
        self.rows.div_ceil(self.rows.div_ceil(cached))
    }
}

/// Writes `act(a x weights + bias + residual)` to the rows of `out`.
///
/// # Panics
/// When a slice is too short for its rows, or rows of `out` overlap.
pub fn gemm(product: &MatrixProduct<'_>, out: &mut [f32], threads: Threads) {
    let MatrixProduct { out_rows, rows, .. } = *product;
    if rows == 0 {
        return;
    }
    let piece = threads.piece(rows, product.piece_rows());
    // From the start of the first row, so that pieces are whole rows; the last row may be short.
    let end = (out_rows.offset + rows * out_rows.stride).min(out.len());
    let out = &mut out[out_rows.offset..end];
    threads.for_each_piece(out, piece * out_rows.stride, |index, out| {
        product.piece(index * piece, piece).write(out, out_rows.stride);
    });
}

/// Like [`gemm`] on this thread, to memory that need not be initialised; afterwards the rows are.
/// Activations that are not applied in registers are left out.
///
/// # Panics
/// Like [`gemm`].
pub(crate) fn gemm_uninit(product: &MatrixProduct<'_>, out: &mut [MaybeUninit<f32>]) {
    let MatrixProduct { out_rows, rows, .. } = *product;
    if rows == 0 {
        return;
    }
    let piece = product.piece_rows();
    for first in (0..rows).step_by(piece) {
        let out = &mut out[out_rows.offset + first * out_rows.stride..];
        let product = product.piece(first, piece);
        // SAFETY: the pointer is valid for the length of the slice.
        unsafe { product.write_to(out.as_mut_ptr().cast(), out.len(), out_rows.stride) }
    }
}
