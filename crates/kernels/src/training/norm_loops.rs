//! The loops of batch norm over the pixels of a block.

#![allow(unsafe_code)]

use super::norm_block::{Block, ChannelValues};
use super::partial_vectors::{load, store};
use crate::activation_vectors::{evaluate, pull_back};
use crate::simd::{Simd, dispatch};

/// A block, and the two sums for each channel that its loop overwrites.
pub(super) struct AddArgs<'a> {
    pub(super) block: &'a Block<'a>,
    pub(super) sums: &'a mut [Vec<f32>; 2],
}

/// A block, and where its outputs go.
pub(super) struct WriteArgs<'a> {
    pub(super) block: &'a Block<'a>,
    /// Valid for writes of an element for each input.
    pub(super) out: *mut f32,
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set.
    pub(super) unsafe fn add_block(args: &mut AddArgs<'_>) = add_block_with
}
dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the arguments are as [`WriteArgs`] says.
    pub(super) unsafe fn write_block(args: &WriteArgs<'_>) = write_block_with
}

/// How many vectors of a pixel are summed at once: the sums of this many fit the registers.
const VECTORS: usize = 4;

#[inline(always)]
unsafe fn add_block_with<S: Simd>(args: &mut AddArgs<'_>) {
    let AddArgs { block, sums } = args;
    let wide = VECTORS * S::LANES;
    let whole = block.channels() / wide * wide;
    for c in (0..whole).step_by(wide) {
        // SAFETY: the caller upholds the contract; the vectors are whole.
        unsafe { add_columns::<S, VECTORS>(block, sums, c, S::LANES) }
    }
    for c in (whole..block.channels()).step_by(S::LANES) {
        // SAFETY: the caller upholds the contract; the vector is cut to the channels.
        unsafe { add_columns::<S, 1>(block, sums, c, S::LANES.min(block.channels() - c)) }
    }
}

/// The sums of `V` vectors of channels: whole vectors, or one that is cut to `count`.
#[inline(always)]
unsafe fn add_columns<S: Simd, const V: usize>(
    block: &Block<'_>,
    sums: &mut [Vec<f32>; 2],
    c: usize,
    count: usize,
) {
    // SAFETY: the caller upholds the contract.
    unsafe {
        let vectors = |from: &[f32], at: usize| -> [S::Vector; V] {
            std::array::from_fn(|v| load::<S>(from.as_ptr().add(at + v * S::LANES), count))
        };
        let minus = vectors(block.values.centre, c).map(|centre| S::mul(centre, S::splat(-1.0)));
        let mut both = [[S::splat(0.0); V]; 2];
        let rows = (c..block.input.len()).step_by(block.channels());
        if let Some(gradient) = block.gradient {
            let [scale, shift] =
                [block.values.scale, block.values.shift].map(|values| vectors(values, c));
            for at in rows {
                let (x, g) = (vectors(block.input, at), vectors(gradient, at));
                for v in 0..V {
                    let before = S::mul_add(x[v], scale[v], shift[v]);
                    let g = pull_back::<S>(block.act, before, g[v]);
                    both[0][v] = S::add(both[0][v], g);
                    both[1][v] = S::mul_add(g, S::add(x[v], minus[v]), both[1][v]);
                }
            }
        } else {
            for at in rows {
                let x = vectors(block.input, at);
                for v in 0..V {
                    let x = S::add(x[v], minus[v]);
                    both[0][v] = S::add(both[0][v], x);
                    both[1][v] = S::mul_add(x, x, both[1][v]);
                }
            }
        }
        for (to, sums) in sums.iter_mut().zip(both) {
            for (v, sum) in sums.into_iter().enumerate() {
                store::<S>(to.as_mut_ptr().add(c + v * S::LANES), sum, count);
            }
        }
    }
}

#[inline(always)]
unsafe fn write_block_with<S: Simd>(args: &WriteArgs<'_>) {
    let WriteArgs { block, out } = *args;
    let channels = block.channels();
    let ChannelValues { scale, shift, slope, constant, .. } = block.values;
    for row in (0..block.input.len()).step_by(channels) {
        for c in (0..channels).step_by(S::LANES) {
            let (at, count) = (row + c, S::LANES.min(channels - c));
            // SAFETY: the caller upholds the contract; vectors are cut to `count`.
            unsafe {
                let of_channels = |values: &[f32]| load::<S>(values.as_ptr().add(c), count);
                let x = load::<S>(block.input.as_ptr().add(at), count);
                let before = S::mul_add(x, of_channels(scale), of_channels(shift));
                let y = match block.gradient {
                    None => evaluate::<S>(block.act, before),
                    Some(gradient) => {
                        let g = load::<S>(gradient.as_ptr().add(at), count);
                        let g = pull_back::<S>(block.act, before, g);
                        S::mul_add(
                            g,
                            of_channels(scale),
                            S::mul_add(x, of_channels(slope), of_channels(constant)),
                        )
                    }
                };
                store::<S>(out.add(at), y, count);
            }
        }
    }
}
