//! Depthwise convolution with packed weights.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::activation::Activation;
use crate::depthwise_rows::{Args, write_rows};
use crate::geometry::Geometry;
use crate::parallel::Threads;
use crate::simd::InstructionSet;

/// A depthwise convolution with bias, of any odd kernel.
#[derive(Clone, Debug)]
pub struct Depthwise {
    pub(crate) set: InstructionSet,
    pub(crate) channels: usize,
    pub(crate) kernel: usize,
    /// `[kernel, kernel, padded]`
    pub(crate) weights: Vec<f32>,
    /// `[padded]`
    pub(crate) bias: Vec<f32>,
    /// `channels` rounded up to whole vectors.
    pub(crate) padded: usize,
}

/// A map of which only some rows are there: row r is row `r % slots` of `values`.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) slots: usize,
}

impl Depthwise {
    /// Packs weights given as `[channels, 1, kernel, kernel]` (PyTorch's layout).
    ///
    /// # Panics
    /// When `weights` is not `channels * kernel * kernel` long, `channels` being that of `bias`, or
    /// when the CPU lacks the instruction set.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], kernel: usize) -> Self {
        let (channels, taps) = (bias.len(), kernel * kernel);
        assert!(set.is_available(), "{set:?} on this CPU");
        assert_eq!(weights.len(), channels * taps, "weights are [channels, 1, kernel, kernel]");
        let padded = channels.next_multiple_of(set.lanes());
        let mut packed = vec![0.0; taps * padded];
        for (channel, filter) in weights.chunks_exact(taps).enumerate() {
            for (tap, &weight) in filter.iter().enumerate() {
                packed[tap * padded + channel] = weight;
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        Self { set, channels, kernel, weights: packed, bias, padded }
    }

    /// `act(conv(input) + bias)`: input `[height, width, channels]`, output
    /// `[out_height, out_width, channels]` as `geometry` says.
    ///
    /// # Panics
    /// When a slice has another length, or the geometry another kernel.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        act: Activation,
        out: &mut [f32],
        threads: Threads,
    ) {
        assert_eq!(out.len(), geometry.out_pixels() * self.channels, "output");
        let row = geometry.out_width() * self.channels;
        let input = Ring { values: input, slots: geometry.height };
        threads.for_each_share(out, row, &mut [], 0, |first, out, _| {
            self.rows(input, geometry, act, first..first + out.len() / row, out);
        });
    }

    /// `conv(input) + bias` on this thread, to memory that need not be initialised: afterwards it is.
    ///
    /// # Panics
    /// As [`Depthwise::run`].
    pub(crate) fn run_uninit(
        &self,
        input: &[f32],
        geometry: &Geometry,
        out: &mut [MaybeUninit<f32>],
    ) {
        let input = Ring { values: input, slots: geometry.height };
        let (rows, act) = (0..geometry.out_height(), Activation::Linear);
        // SAFETY: the pointer is good for the slice's length.
        unsafe { self.rows_to(input, geometry, act, rows, out.as_mut_ptr().cast(), out.len()) }
    }

    /// Writes some rows of outputs to `out`. The rows of inputs under them are in the ring.
    pub(crate) fn rows(
        &self,
        input: Ring<'_>,
        geometry: &Geometry,
        act: Activation,
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        // SAFETY: the pointer is good for the slice's length.
        unsafe { self.rows_to(input, geometry, act, rows, out.as_mut_ptr(), out.len()) }
        if let Some(act) = act.afterwards() {
            act.apply(out);
        }
    }

    /// As [`Depthwise::rows`], without activations that come afterwards.
    ///
    /// # Safety
    /// `out` is good for writing `len` elements.
    unsafe fn rows_to(
        &self,
        input: Ring<'_>,
        geometry: &Geometry,
        act: Activation,
        rows: Range<usize>,
        out: *mut f32,
        len: usize,
    ) {
        assert_eq!(geometry.kernel, self.kernel, "the geometry's kernel");
        let row = geometry.width * self.channels;
        assert_eq!(input.values.len(), input.slots * row, "input");
        assert!(input.slots >= self.kernel.min(geometry.height), "rows of a window");
        assert!(rows.end <= geometry.out_height(), "rows of the output");
        assert_eq!(len, rows.len() * geometry.out_width() * self.channels, "output");
        let args = Args { depthwise: self, input, geometry, act: act.in_registers(), rows, out };
        // SAFETY: the ring has whole rows of all channels, `out` all that `rows` names, and `new`
        // checked the instruction set.
        unsafe { write_rows(self.set, &args) }
    }
}
