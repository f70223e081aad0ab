//! What batch norm does with a block of pixels at a time.

#![allow(unsafe_code)]

use super::norm_loops::{AddArgs, WriteArgs, add_block, write_block};
use crate::activation::Activation;
use crate::simd::InstructionSet;

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
    pub(super) fn channels(&self) -> usize {
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
