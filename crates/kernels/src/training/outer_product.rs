//! The matrix product of weight gradients: the columns of one matrix times the columns of another,
//! summed over their many rows.

#![allow(unsafe_code)]

use crate::gemm::Rows;
use crate::simd::{InstructionSet, Simd, dispatch};

/// Elements of both matrices that stay in a core's second-level cache.
const IN_CACHE: usize = 64 * 1024;

/// How many rows of two matrices, which have `columns` columns together, stay in the cache.
pub(crate) fn rows_in_cache(columns: usize) -> usize {
    (IN_CACHE / columns.max(1)).max(64)
}

/// A matrix `[rows, columns]` inside a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: Rows,
    pub(crate) columns: usize,
}

struct Args<'a> {
    a: Matrix<'a>,
    b: Matrix<'a>,
    rows: usize,
    out: *mut f32,
}

/// Adds the sum of `a[row, i] * b[row, j]` over `rows` rows to `out[i, j]`; `out` is
/// `[a.columns, b.columns]`.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn add_outer_products(a: Matrix<'_>, b: Matrix<'_>, rows: usize, out: &mut [f32]) {
    if rows == 0 {
        return;
    }
    for matrix in [&a, &b] {
        let end = matrix.rows.offset + (rows - 1) * matrix.rows.stride + matrix.columns;
        assert!(end <= matrix.values.len(), "a matrix is too short for {rows} rows");
    }
    assert_eq!(out.len(), a.columns * b.columns, "length of the output");
    // SAFETY: the slices hold all rows, `detect` found the instruction set.
    unsafe { multiply(InstructionSet::detect(), &Args { a, b, rows, out: out.as_mut_ptr() }) }
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the matrices hold all rows and `out` all sums.
    unsafe fn multiply(args: &Args<'_>) = multiply_with
}

#[inline(always)]
unsafe fn multiply_with<S: Simd>(args: &Args<'_>) {
    let Args { a, b, rows, out } = *args;
    let block = rows_in_cache(a.columns + b.columns);
    let tiles = a.columns.div_ceil(S::ROWS[1]);
    for first in (0..rows).step_by(block) {
        let depth = block.min(rows - first);
        for tile in 0..tiles {
            let (i, end) = (tile * a.columns / tiles, (tile + 1) * a.columns / tiles);
            for j in (0..b.columns).step_by(2 * S::LANES) {
                // SAFETY: all offsets lie inside the slices that the caller vouches for.
                unsafe {
                    let tile = Tile {
                        a: a.values.as_ptr().add(a.rows.offset + first * a.rows.stride + i),
                        a_stride: a.rows.stride,
                        b: b.values.as_ptr().add(b.rows.offset + first * b.rows.stride + j),
                        b_stride: b.rows.stride,
                        depth,
                        out: out.add(i * b.columns + j),
                        out_stride: b.columns,
                        columns: b.columns - j,
                    };
                    if tile.columns > S::LANES {
                        of_rows::<S, 2>(&tile, end - i);
                    } else {
                        of_rows::<S, 1>(&tile, end - i);
                    }
                }
            }
        }
    }
}

struct Tile {
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    b_stride: usize,
    depth: usize,
    out: *mut f32,
    out_stride: usize,
    /// At least one. Columns beyond the vectors are left out.
    columns: usize,
}

#[inline(always)]
unsafe fn of_rows<S: Simd, const VECTORS: usize>(tile: &Tile, rows: usize) {
    macro_rules! rows {
        ($($rows:literal)*) => {
            match rows {
                $($rows if const { $rows <= S::ROWS[1] } => fixed::<S, $rows, VECTORS>(tile),)*
                _ => {}
            }
        };
    }
    // SAFETY: the caller's tile has these rows.
    unsafe { rows!(1 2 3 4 5 6 7 8 9 10 11 12) }
}

#[inline(always)]
unsafe fn fixed<S: Simd, const ROWS: usize, const VECTORS: usize>(tile: &Tile) {
    let last = (tile.columns - (VECTORS - 1) * S::LANES).min(S::LANES);
    let whole = |v: usize| v + 1 < VECTORS || last == S::LANES;
    // SAFETY: the tile has `ROWS` columns of a, `columns` of b and of out; the last vector is cut.
    unsafe {
        let mut sums = [[S::splat(0.0); VECTORS]; ROWS];
        for row in 0..tile.depth {
            let from = tile.b.add(row * tile.b_stride);
            let mut b = [S::splat(0.0); VECTORS];
            for (v, b) in b.iter_mut().enumerate() {
                let from = from.add(v * S::LANES);
                *b = if whole(v) { S::load(from) } else { S::load_first(from, last) };
            }
            let a = tile.a.add(row * tile.a_stride);
            for (r, sums) in sums.iter_mut().enumerate() {
                let a = S::splat(*a.add(r));
                for (sum, &b) in sums.iter_mut().zip(&b) {
                    *sum = S::mul_add(a, b, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let to = tile.out.add(r * tile.out_stride + v * S::LANES);
                if whole(v) {
                    S::store(to, S::add(S::load(to), sum));
                } else {
                    S::store_first(to, S::add(S::load_first(to, last), sum), last);
                }
            }
        }
    }
}
