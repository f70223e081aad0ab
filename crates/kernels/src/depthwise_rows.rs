//! The loops of depthwise convolution over rows, for each kernel size and stride.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::activation::InRegisters;
use crate::activation_vectors::activate;
use crate::depthwise::{Depthwise, Ring};
use crate::depthwise_pixels::{TILE, input_pixel, output_pixel, pixel, tile};
use crate::geometry::Geometry;
use crate::simd::{Simd, dispatch};

/// What the loops read, and where they write.
pub(crate) struct Args<'a> {
    pub(crate) depthwise: &'a Depthwise,
    /// Holds the rows of inputs under `rows`, and has at least as many slots as a window has rows.
    pub(crate) input: Ring<'a>,
    pub(crate) geometry: &'a Geometry,
    pub(crate) act: InRegisters,
    pub(crate) rows: Range<usize>,
    /// `[rows, out_width, channels]`
    pub(crate) out: *mut f32,
}

/// One row of outputs.
pub(crate) struct Line {
    /// Counted from the first row of [`Args::rows`].
    pub(crate) row: usize,
    /// The rows of the window that lie inside the map.
    pub(crate) taps: Range<usize>,
    /// The slot of the ring with the inputs under the first of them.
    pub(crate) first_slot: usize,
}

impl Line {
    #[inline(always)]
    fn new(args: &Args<'_>, y: usize) -> Self {
        let taps = args.geometry.taps(y, args.geometry.height);
        let first = y * args.geometry.stride + taps.start - args.geometry.pad();
        Self { row: y - args.rows.start, taps, first_slot: first % args.input.slots }
    }
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the ring's values and `out` are as long as [`Args`] says.
    pub(crate) unsafe fn write_rows(args: &Args<'_>) = write_rows_with
}

#[inline(always)]
unsafe fn write_rows_with<S: Simd>(args: &Args<'_>) {
    // SAFETY: the caller upholds the contract.
    unsafe {
        match (args.geometry.kernel, args.geometry.stride) {
            _ if args.depthwise.channels < S::LANES => few_channels::<S>(args),
            (3, 1) => rows::<S, 3, 1>(args),
            (3, 2) => rows::<S, 3, 2>(args),
            (5, 1) => rows::<S, 5, 1>(args),
            (5, 2) => rows::<S, 5, 2>(args),
            (7, 1) => rows::<S, 7, 1>(args),
            (7, 2) => rows::<S, 7, 2>(args),
            _ => any_size::<S>(args),
        }
    }
}

/// Rows whose kernel and stride are known at compile time.
#[inline(always)]
unsafe fn rows<S: Simd, const K: usize, const STRIDE: usize>(args: &Args<'_>) {
    let inner = args.geometry.inner_columns();
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        let mut x = 0;
        while x < args.geometry.out_width() {
            let whole_tile = inner.contains(&x) && x + TILE <= inner.end;
            // SAFETY: the caller upholds the contract; all taps of `inner` lie in the row.
            unsafe {
                match (whole_tile, inner.contains(&x)) {
                    (true, _) => tile::<S, K, STRIDE, TILE>(args, &line, x),
                    (false, true) => tile::<S, K, STRIDE, 1>(args, &line, x),
                    (false, false) => pixel::<S>(args, &line, x),
                }
            }
            x += if whole_tile { TILE } else { 1 };
        }
    }
}

/// Rows with any kernel and stride.
#[inline(always)]
unsafe fn any_size<S: Simd>(args: &Args<'_>) {
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        for x in 0..args.geometry.out_width() {
            // SAFETY: the caller upholds the contract.
            unsafe { pixel::<S>(args, &line, x) }
        }
    }
}

/// Rows of maps with fewer channels than a vector has lanes.
#[inline(always)]
unsafe fn few_channels<S: Simd>(args: &Args<'_>) {
    let Args { depthwise, geometry, .. } = *args;
    let channels = depthwise.channels;
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        for x in 0..geometry.out_width() {
            // SAFETY: the caller upholds the contract; `taps` leaves out what lies outside the map, and the packed
            // weights and biases have whole vectors.
            unsafe {
                let mut sums = [[S::load(depthwise.bias.as_ptr()); 1]; 1];
                for ky in line.taps.clone() {
                    for kx in geometry.taps(x, geometry.width) {
                        let in_column = x * geometry.stride + kx - geometry.pad();
                        let value =
                            S::load_first(input_pixel(args, &line, ky, in_column), channels);
                        let tap = (ky * geometry.kernel + kx) * depthwise.padded;
                        let weight = S::load(depthwise.weights.as_ptr().add(tap));
                        sums[0][0] = S::mul_add(value, weight, sums[0][0]);
                    }
                }
                activate::<S, 1, 1>(args.act, &mut sums);
                S::store_first(output_pixel(args, &line, x), sums[0][0], channels);
            }
        }
    }
}
