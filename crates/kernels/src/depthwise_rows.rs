//! The loops of depthwise convolution: vectors over channels, neighbouring outputs in registers.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::activation::{InRegisters, activate};
use crate::depthwise::{Depthwise, Ring};
use crate::geometry::Geometry;
use crate::simd::{Simd, dispatch};

/// Outputs along a row that share loaded weights.
const TILE: usize = 4;

/// Rows of outputs.
#[derive(Clone)]
pub(crate) struct Args<'a> {
    pub(crate) depthwise: &'a Depthwise,
    /// Holds the rows under `rows`, and as many slots as a window has rows.
    pub(crate) input: Ring<'a>,
    pub(crate) geometry: &'a Geometry,
    pub(crate) act: InRegisters,
    pub(crate) rows: Range<usize>,
    /// `[rows, out_width, channels]`
    pub(crate) out: *mut f32,
}

/// One row of outputs.
struct Line {
    /// Counted from the first of the rows asked for.
    row: usize,
    /// Tap rows inside the map.
    taps: Range<usize>,
    /// Where the ring has the row under the first of them.
    first_slot: usize,
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
    /// The CPU has the set; the ring's values and `out` are as long as [`Args`] says.
    pub(crate) unsafe fn write_rows(args: &Args<'_>) = write_rows_with
}

#[inline(always)]
unsafe fn write_rows_with<S: Simd>(args: &Args<'_>) {
    // SAFETY: the caller's.
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

/// Rows whose kernel and stride are known when compiled.
#[inline(always)]
unsafe fn rows<S: Simd, const K: usize, const STRIDE: usize>(args: &Args<'_>) {
    let inner = args.geometry.inner_columns();
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        let mut x = 0;
        while x < args.geometry.out_width() {
            let whole_tile = inner.contains(&x) && x + TILE <= inner.end;
            // SAFETY: the caller's; all taps of `inner` lie in the row.
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

/// First channels of vectors that cover those from `first` on. The last vector may overlap the one
/// before it: its numbers are computed twice, and alike.
#[inline(always)]
fn starts<S: Simd>(args: &Args<'_>, first: usize) -> impl Iterator<Item = usize> {
    let channels = args.depthwise.channels;
    (first..channels).step_by(S::LANES).map(move |c| c.min(channels - S::LANES))
}

/// `T` neighbouring outputs, all their columns inside the row.
#[inline(always)]
unsafe fn tile<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
    args: &Args<'_>,
    line: &Line,
    x: usize,
) {
    let depthwise = args.depthwise;
    let channels = depthwise.channels;
    let mut rows = [std::ptr::null(); K];
    // SAFETY: the caller's; `taps` leaves out rows outside the map.
    unsafe {
        for ky in line.taps.clone() {
            rows[ky] = input_pixel(args, line, ky, x * STRIDE - K / 2);
        }
        let to = output_pixel(args, line, x);
        for c in starts::<S>(args, 0) {
            let mut sums = [[S::load(depthwise.bias.as_ptr().add(c)); T]; 1];
            for ky in line.taps.clone() {
                let from = rows[ky].add(c);
                let weights = depthwise.weights.as_ptr().add(ky * K * depthwise.padded + c);
                for kx in 0..K {
                    let weight = S::load(weights.add(kx * depthwise.padded));
                    for (t, sum) in sums[0].iter_mut().enumerate() {
                        let value = S::load(from.add((t * STRIDE + kx) * channels));
                        *sum = S::mul_add(value, weight, *sum);
                    }
                }
            }
            activate::<S, 1, T>(args.act, &mut sums);
            for (t, sum) in sums[0].iter().enumerate() {
                S::store(to.add(c + t * channels), *sum);
            }
        }
    }
}

/// One output anywhere.
#[inline(always)]
unsafe fn pixel<S: Simd>(args: &Args<'_>, line: &Line, x: usize) {
    let step = TILE * S::LANES;
    let several = args.depthwise.channels / step * step;
    // SAFETY: the caller's.
    unsafe {
        for c in (0..several).step_by(step) {
            vectors::<S, TILE>(args, line, x, c);
        }
        for c in starts::<S>(args, several) {
            vectors::<S, 1>(args, line, x, c);
        }
    }
}

/// `N` vectors of channels of one output, with taps outside the map left out.
#[inline(always)]
unsafe fn vectors<S: Simd, const N: usize>(args: &Args<'_>, line: &Line, x: usize, c: usize) {
    let Args { depthwise, geometry, .. } = *args;
    let columns = geometry.taps(x, geometry.width);
    // SAFETY: the caller's; `taps` leaves out what lies outside the map.
    unsafe {
        let mut sums = [[S::splat(0.0); N]; 1];
        for (n, sum) in sums[0].iter_mut().enumerate() {
            *sum = S::load(depthwise.bias.as_ptr().add(c + n * S::LANES));
        }
        for ky in line.taps.clone() {
            let in_column = x * geometry.stride + columns.start - geometry.pad();
            let mut from = input_pixel(args, line, ky, in_column).add(c);
            let tap = ky * geometry.kernel + columns.start;
            let mut weights = depthwise.weights.as_ptr().add(tap * depthwise.padded + c);
            for _ in columns.clone() {
                for (n, sum) in sums[0].iter_mut().enumerate() {
                    let value = S::load(from.add(n * S::LANES));
                    *sum = S::mul_add(value, S::load(weights.add(n * S::LANES)), *sum);
                }
                // Past the last tap, the pointers may leave their slices, unused.
                from = from.wrapping_add(depthwise.channels);
                weights = weights.wrapping_add(depthwise.padded);
            }
        }
        activate::<S, 1, N>(args.act, &mut sums);
        let to = output_pixel(args, line, x).add(c);
        for (n, sum) in sums[0].iter().enumerate() {
            S::store(to.add(n * S::LANES), *sum);
        }
    }
}

/// Rows with any kernel and stride.
#[inline(always)]
unsafe fn any_size<S: Simd>(args: &Args<'_>) {
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        for x in 0..args.geometry.out_width() {
            // SAFETY: the caller's.
            unsafe { pixel::<S>(args, &line, x) }
        }
    }
}

/// Rows with fewer channels than a vector has lanes.
#[inline(always)]
unsafe fn few_channels<S: Simd>(args: &Args<'_>) {
    let Args { depthwise, geometry, .. } = *args;
    let channels = depthwise.channels;
    for y in args.rows.clone() {
        let line = Line::new(args, y);
        for x in 0..geometry.out_width() {
            // SAFETY: the caller's; `taps` leaves out what lies outside the map, and the packed
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

/// The first channel of an input under tap row `ky`.
///
/// # Safety
/// `ky` is one of the line's taps, the column lies in the map.
#[inline(always)]
unsafe fn input_pixel(args: &Args<'_>, line: &Line, ky: usize, column: usize) -> *const f32 {
    let slot = line.first_slot + ky - line.taps.start;
    let slot = if slot < args.input.slots { slot } else { slot - args.input.slots };
    let pixel = slot * args.geometry.width + column;
    // SAFETY: the ring has `slots` whole rows, at least as many as the line has taps.
    unsafe { args.input.values.as_ptr().add(pixel * args.depthwise.channels) }
}

/// The first channel of an output.
///
/// # Safety
/// The column lies in the map.
#[inline(always)]
unsafe fn output_pixel(args: &Args<'_>, line: &Line, x: usize) -> *mut f32 {
    let pixel = line.row * args.geometry.out_width() + x;
    // SAFETY: `out` has all pixels of the rows.
    unsafe { args.out.add(pixel * args.depthwise.channels) }
}
