//! The innermost loop of matrix products: up to `ROWS` rows by one panel, sums in registers.

#![allow(unsafe_code)]

use crate::activation::{Activation, activate};
use crate::simd::{Simd, dispatch};

/// Most rows of one call. Twelve or, with AVX-512, twenty-four accumulators fill the registers.
pub(crate) fn most_rows(lanes: usize) -> usize {
    if lanes == 16 { 12 } else { 6 }
}

/// One block of rows against one panel.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// `rows` rows of `depth` numbers, `a_stride` apart.
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    /// `[depth, 2 * LANES]`
    pub(crate) panel: *const f32,
    pub(crate) depth: usize,
    /// `2 * LANES` numbers.
    pub(crate) bias: *const f32,
    /// Null, or rows like those of `out`.
    pub(crate) residual: *const f32,
    /// `rows` rows of `columns` numbers, `out_stride` apart.
    pub(crate) out: *mut f32,
    pub(crate) out_stride: usize,
    pub(crate) rows: usize,
    /// At most `2 * LANES`.
    pub(crate) columns: usize,
    pub(crate) act: Activation,
}

dispatch! {
    /// Computes a tile. The pointers must be good for what [`Tile`] says of them.
    pub(crate) fn run_tile(tile: &Tile) = tile_of_any_height
}

#[inline(always)]
unsafe fn tile_of_any_height<S: Simd>(tile: &Tile) {
    // SAFETY: each call reads and writes `rows` rows, as `Tile` promises.
    unsafe {
        match tile.rows {
            1 => fixed::<S, 1>(tile),
            2 => fixed::<S, 2>(tile),
            3 => fixed::<S, 3>(tile),
            4 => fixed::<S, 4>(tile),
            5 => fixed::<S, 5>(tile),
            6 => fixed::<S, 6>(tile),
            7 => fixed::<S, 7>(tile),
            8 => fixed::<S, 8>(tile),
            9 => fixed::<S, 9>(tile),
            10 => fixed::<S, 10>(tile),
            11 => fixed::<S, 11>(tile),
            _ => fixed::<S, 12>(tile),
        }
    }
}

#[inline(always)]
unsafe fn fixed<S: Simd, const ROWS: usize>(tile: &Tile) {
    // SAFETY: `Tile` promises `ROWS` rows of `depth` numbers at `a`, `depth` rows of two vectors at
    // `panel`, two vectors at `bias`, and `ROWS` rows of `columns` numbers at `out` and `residual`.
    unsafe {
        let mut sums = [[S::splat(0.0); 2]; ROWS];
        for k in 0..tile.depth {
            let row = tile.panel.add(k * 2 * S::LANES);
            let (left, right) = (S::load(row), S::load(row.add(S::LANES)));
            for (r, sum) in sums.iter_mut().enumerate() {
                let a = S::splat(*tile.a.add(r * tile.a_stride + k));
                sum[0] = S::mul_add(a, left, sum[0]);
                sum[1] = S::mul_add(a, right, sum[1]);
            }
        }
        for half in 0..2 {
            let first = half * S::LANES;
            let count = tile.columns.saturating_sub(first).min(S::LANES);
            if count == 0 {
                break;
            }
            let bias = S::load(tile.bias.add(first));
            for (r, sum) in sums.iter().enumerate() {
                let at = r * tile.out_stride + first;
                let mut y = S::add(sum[half], bias);
                if !tile.residual.is_null() {
                    let residual = tile.residual.add(at);
                    let whole = count == S::LANES;
                    let added =
                        if whole { S::load(residual) } else { S::load_first(residual, count) };
                    y = S::add(y, added);
                }
                let y = activate::<S>(tile.act, y);
                let out = tile.out.add(at);
                if count == S::LANES { S::store(out, y) } else { S::store_first(out, y, count) }
            }
        }
    }
}
