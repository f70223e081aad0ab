//! The innermost loop of matrix products: a few rows times one panel of weights, with the sums in
//! registers.

#![allow(unsafe_code)]

use crate::activation::InRegisters;
use crate::activation_vectors::activate;
use crate::simd::Simd;

/// The largest number of rows of a tile.
pub(crate) const MAX_ROWS: usize = 12;

/// Rows of inputs times one panel of weights.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// Row `r` has `runs` runs of `run_len` elements, `run_stride` apart, the first of which is at
    /// `a + r * a_stride`.
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    pub(crate) runs: usize,
    pub(crate) run_len: usize,
    pub(crate) run_stride: usize,
    /// `[runs * run_len, width]`
    pub(crate) panel: *const f32,
    /// `[width]`
    pub(crate) bias: *const f32,
    /// Null, or rows as those of `out`.
    pub(crate) residual: *const f32,
    /// Rows of `columns` elements, `out_stride` apart.
    pub(crate) out: *mut f32,
    pub(crate) out_stride: usize,
    /// At most [`MAX_ROWS`].
    pub(crate) rows: usize,
    /// At most the width of the panel, which is one vector where that is enough and else two.
    pub(crate) columns: usize,
    pub(crate) act: InRegisters,
}

/// Computes a tile.
///
/// # Safety
/// The CPU has the instruction set, and the pointers are valid for what [`Tile`] says of them.
#[inline(always)]
pub(crate) unsafe fn run_tile<S: Simd>(tile: &Tile) {
    // SAFETY: the caller upholds the contract.
    unsafe {
        if tile.columns <= S::LANES {
            in_parts::<S, 1>(tile);
        } else {
            in_parts::<S, 2>(tile);
        }
    }
}

/// Cuts a tile into as few parts as the registers allow, which are as even as possible.
#[inline(always)]
unsafe fn in_parts<S: Simd, const VECTORS: usize>(tile: &Tile) {
    let parts = tile.rows.div_ceil(S::ROWS[VECTORS - 1]);
    for part in 0..parts {
        let (row, end) = (part * tile.rows / parts, (part + 1) * tile.rows / parts);
        let part = Tile {
            a: tile.a.wrapping_add(row * tile.a_stride),
            residual: match tile.residual.is_null() {
                true => tile.residual,
                false => tile.residual.wrapping_add(row * tile.out_stride),
            },
            out: tile.out.wrapping_add(row * tile.out_stride),
            rows: end - row,
            ..*tile
        };
        // SAFETY: rows of a tile are a tile.
        unsafe { of_width::<S, VECTORS>(&part) }
    }
}

#[inline(always)]
unsafe fn of_width<S: Simd, const VECTORS: usize>(tile: &Tile) {
    /// One arm for each number of rows, compiled only where the registers can hold their sums.
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                // One row has too few sums to hide the latency of additions, so each has four parts.
                1 => fixed::<S, 1, VECTORS, 4>(tile),
                2 => fixed::<S, 2, VECTORS, 2>(tile),
                $($rows if const { $rows <= S::ROWS[VECTORS - 1] } => {
                    fixed::<S, $rows, VECTORS, 1>(tile);
                })*
                _ => {}
            }
        };
    }
    // SAFETY: each call reads and writes `rows` rows, as `Tile` promises.
    unsafe { rows!(3 4 5 6 7 8 9 10 11 12) }
}

#[inline(always)]
unsafe fn fixed<S: Simd, const ROWS: usize, const VECTORS: usize, const PARTS: usize>(tile: &Tile) {
    // SAFETY: `Tile` promises `ROWS` rows of runs at `a`, a row of `VECTORS` vectors in `panel` for
    // each of their elements, and `ROWS` rows of `columns` elements at `out` and `residual`.
    unsafe {
        let width = VECTORS * S::LANES;
        let mut parts = [[[S::splat(0.0); VECTORS]; ROWS]; PARTS];
        let mut panel = tile.panel;
        for run in 0..tile.runs {
            let a = tile.a.add(run * tile.run_stride);
            let mut k = 0;
            while k + PARTS <= tile.run_len {
                for part in &mut parts {
                    multiply_add::<S, ROWS, VECTORS>(part, a.add(k), tile.a_stride, panel);
                    panel = panel.add(width);
                    k += 1;
                }
            }
            while k < tile.run_len {
                multiply_add::<S, ROWS, VECTORS>(&mut parts[0], a.add(k), tile.a_stride, panel);
                panel = panel.add(width);
                k += 1;
            }
        }
        let [sums, rest @ ..] = &mut parts[..] else { return };
        for part in rest {
            for (sums, part) in sums.iter_mut().zip(part) {
                for (sum, part) in sums.iter_mut().zip(part) {
                    *sum = S::add(*sum, *part);
                }
            }
        }
        finish::<S, ROWS, VECTORS>(tile, sums);
    }
}

/// Adds the products of one element of each row with one row of the panel.
#[inline(always)]
unsafe fn multiply_add<S: Simd, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[S::Vector; VECTORS]; ROWS],
    a: *const f32,
    a_stride: usize,
    panel: *const f32,
) {
    // SAFETY: as in `fixed`.
    unsafe {
        let mut weights = [S::splat(0.0); VECTORS];
        for (v, weight) in weights.iter_mut().enumerate() {
            *weight = S::load(panel.add(v * S::LANES));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let a = S::splat(*a.add(r * a_stride));
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = S::mul_add(a, weight, *sum);
            }
        }
    }
}

/// Adds bias and residual, applies the activation and stores.
#[inline(always)]
unsafe fn finish<S: Simd, const ROWS: usize, const VECTORS: usize>(
    tile: &Tile,
    sums: &mut [[S::Vector; VECTORS]; ROWS],
) {
    // SAFETY: as in `fixed`; all vectors except the last are whole.
    unsafe {
        let last = tile.columns - (VECTORS - 1) * S::LANES;
        let whole = |v: usize| v + 1 < VECTORS || last == S::LANES;
        for v in 0..VECTORS {
            let bias = S::load(tile.bias.add(v * S::LANES));
            for sums in sums.iter_mut() {
                sums[v] = S::add(sums[v], bias);
            }
        }
        if !tile.residual.is_null() {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let from = tile.residual.add(r * tile.out_stride + v * S::LANES);
                    let added = if whole(v) { S::load(from) } else { S::load_first(from, last) };
                    *sum = S::add(*sum, added);
                }
            }
        }
        activate::<S, ROWS, VECTORS>(tile.act, sums);
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let to = tile.out.add(r * tile.out_stride + v * S::LANES);
                if whole(v) { S::store(to, sum) } else { S::store_first(to, sum, last) }
            }
        }
    }
}
