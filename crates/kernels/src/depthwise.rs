//! Depthwise convolution with packed weights.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::activation::Activation;
use crate::depthwise_rows::{Args, write_rows};
use crate::geometry::Geometry;
use crate::memory::PackedWeights;
use crate::parallel::{Threads, Workspace};
use crate::simd::InstructionSet;

/// A depthwise convolution with a bias and any odd kernel.
#[derive(Clone, Debug)]
pub struct Depthwise {
    pub(crate) set: InstructionSet,
    pub(crate) channels: usize,
    pub(crate) kernel: usize,
    /// `[kernel, kernel, padded]`
    pub(crate) weights: PackedWeights,
    /// `[padded]`
    pub(crate) bias: PackedWeights,
    /// `channels` rounded up to whole vectors.
    pub(crate) padded: usize,
}

/// A map of which only some rows are in memory: row `r` is row `r % slots` of `values`.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) slots: usize,
}

/// A strip of rows of a depthwise convolution's outputs, and what they are computed from.
pub(crate) struct Strip<'a> {
    /// Holds the rows of inputs under the strip.
    pub(crate) input: Ring<'a>,
    pub(crate) geometry: &'a Geometry,
    pub(crate) act: Activation,
    /// The rows of outputs.
    pub(crate) rows: Range<usize>,
}

impl Depthwise {
    /// Packs weights that are given as `[channels, 1, kernel, kernel]` (PyTorch's layout); the bias is
    /// `[channels]`.
    ///
    /// # Panics
    /// When the weights have the wrong length, or the CPU lacks the instruction set.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], kernel: usize) -> Self {
        let (channels, taps) = (bias.len(), kernel * kernel);
        assert!(set.is_available(), "this CPU lacks {set:?}");
        assert_eq!(
            weights.len(),
            channels * taps,
            "length of the weights [channels, 1, kernel, kernel]"
        );
        let padded = channels.next_multiple_of(set.lanes());
        let mut packed = vec![0.0; taps * padded];
        for (channel, filter) in weights.chunks_exact(taps).enumerate() {
            for (tap, &weight) in filter.iter().enumerate() {
                packed[tap * padded + channel] = weight;
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        Self { set, channels, kernel, weights: packed.into(), bias: bias.into(), padded }
    }

    /// The filters and the bias, to be gathered with those of other kernels.
    pub fn packed_weights(&mut self) -> [&mut PackedWeights; 2] {
        [&mut self.weights, &mut self.bias]
    }

    /// Computes `act(conv(input) + bias)`. The input is `[height, width, channels]`, the output
    /// `[out_height, out_width, channels]`.
    ///
    /// # Panics
    /// When a slice has the wrong length, or the geometry has another kernel size.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        act: Activation,
        out: &mut [f32],
        threads: Threads,
    ) {
        assert_eq!(out.len(), geometry.out_pixels() * self.channels, "length of the output");
        let row = geometry.out_width() * self.channels;
        let input = Ring { values: input, slots: geometry.height };
        Workspace::without_scratch(threads).for_each_share(out, row, 0, |first, out, _| {
            let rows = first..first + out.len() / row;
            self.write_strip(&Strip { input, geometry, act, rows }, out);
        });
    }

    /// Computes `conv(input) + bias` on this thread, to memory that need not be initialised;
    /// afterwards it is.
    ///
    /// # Panics
    /// Like [`Depthwise::run`].
    pub(crate) fn run_uninit(
        &self,
        input: &[f32],
        geometry: &Geometry,
        out: &mut [MaybeUninit<f32>],
    ) {
        let input = Ring { values: input, slots: geometry.height };
        let rows = 0..geometry.out_height();
        let strip = Strip { input, geometry, act: Activation::Linear, rows };
        // SAFETY: the pointer is valid for the length of the slice.
        unsafe { self.write_to(&strip, out.as_mut_ptr().cast(), out.len()) }
    }

    /// Writes a strip of rows of outputs to `out`.
    pub(crate) fn write_strip(&self, strip: &Strip<'_>, out: &mut [f32]) {
        // SAFETY: the pointer is valid for the length of the slice.
        unsafe { self.write_to(strip, out.as_mut_ptr(), out.len()) }
        if let Some(act) = strip.act.afterwards() {
            act.apply(out);
        }
    }

    /// Like [`Depthwise::write_strip`], but without activations that are not applied in registers.
    ///
    /// # Safety
    /// `out` is valid for writes of `len` elements.
    unsafe fn write_to(&self, strip: &Strip<'_>, out: *mut f32, len: usize) {
        let Strip { input, geometry, act, ref rows } = *strip;
        assert_eq!(geometry.kernel, self.kernel, "kernel size of the geometry");
        let row = geometry.width * self.channels;
        assert_eq!(input.values.len(), input.slots * row, "length of the input");
        assert!(input.slots >= self.kernel.min(geometry.height), "fewer rows than a window has");
        assert!(rows.end <= geometry.out_height(), "rows {rows:?} are not all in the output");
        let expected = rows.len() * geometry.out_width() * self.channels;
        assert_eq!(len, expected, "length of the output");
        let (act, rows) = (act.in_registers(), rows.clone());
        let args = Args { depthwise: self, input, geometry, act, rows, out };
        // SAFETY: the ring has whole rows of all channels, `out` has all pixels of `rows`, and `new`
        // has checked that the CPU has the instruction set.
        unsafe { write_rows(self.set, &args) }
    }
}
