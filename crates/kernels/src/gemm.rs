//! Matrix product with packed weights.

#![allow(unsafe_code)]

use crate::activation::Activation;
use crate::epilogue::Epilogue;
use crate::microkernel::{Tile, most_rows, run_tile};
use crate::packed::PackedMatrix;
use crate::parallel::Threads;

/// Bytes of input rows that stay in a core's second-level cache beside a panel.
const ROWS_IN_CACHE_BYTES: usize = 128 * 1024;

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
/// When a slice is too short for its rows.
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
    if rows == 0 || weights.columns == 0 {
        return;
    }
    check(a.len(), a_rows, weights.depth, rows);
    check(out.len(), out_rows, weights.columns, rows);
    if let Some(residual) = residual {
        check(residual.len(), out_rows, weights.columns, rows);
    }
    let cached = ROWS_IN_CACHE_BYTES / size_of::<f32>() / weights.depth.max(1);
    let piece = threads.piece(rows, cached.max(most_rows(weights.set.lanes())));
    let epilogue = Epilogue { bias: &weights.bias, residual, act };
    // From the first row's start, so that pieces are whole rows; the last row may be short.
    let end = (out_rows.offset + rows * out_rows.stride).min(out.len());
    let out = &mut out[out_rows.offset..end];
    threads.for_each_piece(out, piece * out_rows.stride, |index, out| {
        let first = index * piece;
        let count = piece.min(rows - first);
        let a = &a[a_rows.offset + first * a_rows.stride..];
        let shift = out_rows.offset + first * out_rows.stride;
        let residual = epilogue.residual.map(|residual| &residual[shift..]);
        let epilogue = Epilogue { residual, ..epilogue };
        multiply(a, a_rows.stride, weights, &epilogue, out, out_rows.stride, count);
    });
}

fn check(length: usize, rows: Rows, width: usize, count: usize) {
    assert!(width <= rows.stride || count == 1, "rows overlap");
    let end = rows.offset + (count - 1) * rows.stride + width;
    assert!(end <= length, "{count} rows of {width} end at {end} of {length}");
}

/// Rows that fit the cache: each panel passes over all of them.
fn multiply(
    a: &[f32],
    a_stride: usize,
    weights: &PackedMatrix,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
    rows: usize,
) {
    let (width, most) = (weights.width(), most_rows(weights.set.lanes()));
    let PackedMatrix { set, depth, columns, .. } = *weights;
    for (panel, first) in (0..columns).step_by(width).enumerate() {
        let mut row = 0;
        while row < rows {
            let count = most.min(rows - row);
            let at = row * out_stride + first;
            let residual = epilogue.residual.map_or(std::ptr::null(), |r| r[at..].as_ptr());
            let tile = Tile {
                a: a[row * a_stride..].as_ptr(),
                a_stride,
                panel: weights.panels[panel * depth * width..].as_ptr(),
                depth,
                bias: epilogue.bias[first..].as_ptr(),
                residual,
                out: out[at..].as_mut_ptr(),
                out_stride,
                rows: count,
                columns: width.min(columns - first),
                act: epilogue.act,
            };
            // The pointers are good: `gemm` checked that every slice holds all rows, `PackedMatrix`
            // has whole panels and biases.
            run_tile(set, &tile);
            row += count;
        }
    }
}
