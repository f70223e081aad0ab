//! The loops of batch norm over blocks of pixels.

#![allow(unsafe_code)]

use super::partial_vectors::{load, store};
use crate::activation::Activation;
use crate::activation_vectors::{evaluate, pull_back};
use crate::simd::{InstructionSet, Simd, dispatch};

/// Elements of a block of pixels that stays in a core's first-level cache.
const IN_CACHE: usize = 4 * 1024;

/// The number of pixels in a block.
pub(super) fn rows(channels: usize) -> usize {
    (IN_CACHE / channels).max(8)
}

/// Two sums for each channel: of a block in f32, and of all blocks in f64.
#[derive(Debug)]
pub(super) struct Sums {
    block: [Vec<f32>; 2],
    pub(super) total: [Vec<f64>; 2],
}

impl Sums {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            block: std::array::from_fn(|_| vec![0.0; channels]),
            total: std::array::from_fn(|_| vec![0.0; channels]),
        }
    }

    /// Adds the sums of a block. In the forward pass they are of `x - centre` and its square; in the
    /// backward pass of the gradient before the activation, and of its product with `x - centre`.
    pub(super) fn add(&mut self, block: &Block<'_>) {
        let mut args = AddArgs { block, sums: &mut self.block };
        // SAFETY: `detect` found the instruction set.
        unsafe { add_block(InstructionSet::detect(), &mut args) }
        for (total, block) in self.total.iter_mut().zip(&self.block) {
            total.iter_mut().zip(block).for_each(|(total, &sum)| *total += f64::from(sum));
        }
    }
}

/// What a block needs to know of each channel, `[channels]`; slices that it does not need are empty.
#[derive(Clone, Copy, Default)]
pub(super) struct ChannelValues<'a> {
    /// The norm is `x * scale + shift`.
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    /// What is subtracted before values are summed.
    pub(super) centre: &'a [f32],
    /// The gradient of the input is `gradient * scale + x * slope + constant`.
    pub(super) slope: &'a [f32],
    pub(super) constant: &'a [f32],
}

/// Some whole pixels of a norm's input.
pub(super) struct Block<'a> {
    pub(super) input: &'a [f32],
    /// In the backward pass, the gradient of the activation's outputs, as long as the input.
    pub(super) gradient: Option<&'a [f32]>,
    pub(super) act: Activation,
    pub(super) values: ChannelValues<'a>,
}

impl Block<'_> {
    fn channels(&self) -> usize {
        self.values.scale.len().max(self.values.centre.len())
    }

    /// Writes the activation's outputs, or in the backward pass the gradient of the input.
    ///
    /// # Safety
    /// `out` is valid for writes of an element for each input.
    pub(super) unsafe fn write(&self, out: *mut f32) {
        // SAFETY: `detect` found the instruction set; the caller vouches for `out`.
        unsafe { write_block(InstructionSet::detect(), &WriteArgs { block: self, out }) }
    }
}

struct AddArgs<'a> {
    block: &'a Block<'a>,
    sums: &'a mut [Vec<f32>; 2],
}

struct WriteArgs<'a> {
    block: &'a Block<'a>,
    /// Valid for writes of an element for each input.
    out: *mut f32,
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn add_block(args: &mut AddArgs<'_>) = add_block_with
}
dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the arguments are as [`WriteArgs`] says.
    unsafe fn write_block(args: &WriteArgs<'_>) = write_block_with
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
