//! Outputs of depthwise convolution: vectors of channels, with neighbouring outputs in registers.

#![allow(unsafe_code)]

use crate::activation_vectors::activate;
use crate::depthwise_rows::{Args, Line};
use crate::simd::Simd;

/// The number of neighbouring outputs in a row that share loaded weights.
pub(crate) const TILE: usize = 4;

/// The first channels of vectors that together cover all channels from `first` on. The last vector
/// may overlap the one before it; the channels in both are then computed twice, with equal results.
#[inline(always)]
fn starts<S: Simd>(args: &Args<'_>, first: usize) -> impl Iterator<Item = usize> {
    let channels = args.depthwise.channels;
    (first..channels).step_by(S::LANES).map(move |c| c.min(channels - S::LANES))
}

/// `T` neighbouring outputs whose windows lie inside the row.
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
    args: &Args<'_>,
    line: &Line,
    x: usize,
) {
    let depthwise = args.depthwise;
    let channels = depthwise.channels;
    let mut rows = [std::ptr::null(); K];
    // SAFETY: the caller upholds the contract; `taps` leaves out rows outside the map.
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

/// One output, wherever its window lies.
#[inline(always)]
pub(crate) unsafe fn pixel<S: Simd>(args: &Args<'_>, line: &Line, x: usize) {
    let wide = TILE * S::LANES;
    let several = args.depthwise.channels / wide * wide;
    // SAFETY: the caller upholds the contract.
    unsafe {
        for c in (0..several).step_by(wide) {
            vectors::<S, TILE>(args, line, x, c);
        }
        for c in starts::<S>(args, several) {
            vectors::<S, 1>(args, line, x, c);
        }
    }
}

/// `N` vectors of channels of one output; taps outside the map are left out.
#[inline(always)]
unsafe fn vectors<S: Simd, const N: usize>(args: &Args<'_>, line: &Line, x: usize, c: usize) {
    let Args { depthwise, geometry, .. } = *args;
    let columns = geometry.taps(x, geometry.width);
    // SAFETY: the caller upholds the contract; `taps` leaves out what lies outside the map.
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
                // After the last tap, the pointers may be outside their slices; they are not used.
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

/// The first channel of an input under row `ky` of the window.
///
/// # Safety
/// `ky` is one of the line's taps, and the column lies in the map.
#[inline(always)]
pub(crate) unsafe fn input_pixel(
    args: &Args<'_>,
    line: &Line,
    ky: usize,
    column: usize,
) -> *const f32 {
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
pub(crate) unsafe fn output_pixel(args: &Args<'_>, line: &Line, x: usize) -> *mut f32 {
    let pixel = line.row * args.geometry.out_width() + x;
    // SAFETY: `out` has all pixels of the rows.
    unsafe { args.out.add(pixel * args.depthwise.channels) }
}
