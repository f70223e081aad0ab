//! Depthwise convolution: vectors over channels, a tile of neighbouring outputs in registers.

#![allow(unsafe_code)]

use crate::activation::{Activation, activate};
use crate::conv::Geometry;
use crate::parallel::Threads;
use crate::simd::{InstructionSet, Simd, dispatch};

/// Outputs along a row that share loaded inputs and weights.
const TILE: usize = 4;

/// A depthwise convolution with bias, of any odd kernel.
#[derive(Clone, Debug)]
pub struct Depthwise {
    set: InstructionSet,
    channels: usize,
    kernel: usize,
    /// `[kernel, kernel, padded]`
    weights: Vec<f32>,
    /// `[padded]`
    bias: Vec<f32>,
    /// `channels` rounded up to whole vectors.
    padded: usize,
}

impl Depthwise {
    /// Packs weights given as `[channels, 1, kernel, kernel]` (PyTorch's layout).
    ///
    /// # Panics
    /// When `weights` is not `channels * kernel * kernel` long, `channels` being that of `bias`.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], kernel: usize) -> Self {
        let (channels, taps) = (bias.len(), kernel * kernel);
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
        assert_eq!(geometry.kernel, self.kernel, "the geometry's kernel");
        assert_eq!(input.len(), geometry.in_pixels() * self.channels, "input");
        assert_eq!(out.len(), geometry.out_pixels() * self.channels, "output");
        let row = geometry.out_width() * self.channels;
        let rows_a_piece = threads.piece(geometry.out_height(), geometry.out_height());
        threads.for_each_piece(out, rows_a_piece * row, |index, out| {
            for (offset, out) in out.chunks_exact_mut(row).enumerate() {
                let y = index * rows_a_piece + offset;
                let args = RowArgs { depthwise: self, input, geometry, act, y, out };
                match (geometry.kernel, geometry.stride) {
                    (3, 1) => row_3_1(self.set, args),
                    (3, 2) => row_3_2(self.set, args),
                    (5, 1) => row_5_1(self.set, args),
                    (5, 2) => row_5_2(self.set, args),
                    (7, 1) => row_7_1(self.set, args),
                    (7, 2) => row_7_2(self.set, args),
                    _ => row_any(self.set, args),
                }
            }
        });
    }
}

/// One row of outputs.
struct RowArgs<'a> {
    depthwise: &'a Depthwise,
    input: &'a [f32],
    geometry: &'a Geometry,
    act: Activation,
    y: usize,
    out: &'a mut [f32],
}

macro_rules! rows {
    ($($name:ident = $generic:ident, $kernel:literal, $stride:literal;)*) => {
        $(
            #[inline(always)]
            unsafe fn $generic<S: Simd>(args: RowArgs<'_>) {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { row::<S, $kernel, $stride>(args) }
            }
            dispatch! { fn $name(args: RowArgs<'_>) = $generic }
        )*
    };
}
rows! {
    row_3_1 = generic_3_1, 3, 1;
    row_3_2 = generic_3_2, 3, 2;
    row_5_1 = generic_5_1, 5, 1;
    row_5_2 = generic_5_2, 5, 2;
    row_7_1 = generic_7_1, 7, 1;
    row_7_2 = generic_7_2, 7, 2;
}

dispatch! { fn row_any(args: RowArgs<'_>) = generic_any }

/// A row whose kernel and stride are known when compiled: edges one by one, the rest in tiles.
#[inline(always)]
unsafe fn row<S: Simd, const K: usize, const STRIDE: usize>(args: RowArgs<'_>) {
    let RowArgs { depthwise, input, geometry, act, y, out } = args;
    let inner = geometry.inner_columns();
    let rows = geometry.taps(y, geometry.height);
    let channels = depthwise.channels;
    let whole = channels / S::LANES * S::LANES;
    let mut x = 0;
    while x < geometry.out_width() {
        let tiled = inner.contains(&x) && x + TILE <= inner.end;
        if !tiled {
            // SAFETY: the caller vouches for the instruction set.
            unsafe { pixel::<S>(depthwise, input, geometry, act, y, x, out) };
            x += 1;
            continue;
        }
        let first_column = x * STRIDE - K / 2;
        let mut c = 0;
        while c < whole {
            // SAFETY: `inner` holds columns whose taps all lie in the row, `rows` the taps whose row
            // lies in the map, and channels c..c+LANES exist; the lengths were checked by `run`.
            unsafe {
                let mut sums = [S::load(depthwise.bias.as_ptr().add(c)); TILE];
                for ky in rows.clone() {
                    let in_row = y * STRIDE + ky - K / 2;
                    let at = (in_row * geometry.width + first_column) * channels + c;
                    let from = input.as_ptr().add(at);
                    let weights = depthwise.weights.as_ptr().add(ky * K * depthwise.padded + c);
                    for kx in 0..K {
                        let weight = S::load(weights.add(kx * depthwise.padded));
                        for (t, sum) in sums.iter_mut().enumerate() {
                            let value = S::load(from.add((t * STRIDE + kx) * channels));
                            *sum = S::mul_add(value, weight, *sum);
                        }
                    }
                }
                for (t, sum) in sums.iter().enumerate() {
                    let to = out.as_mut_ptr().add((x + t) * channels + c);
                    S::store(to, activate::<S>(act, *sum));
                }
            }
            c += S::LANES;
        }
        if whole < channels {
            for t in 0..TILE {
                // SAFETY: as above.
                unsafe {
                    channels_of_pixel::<S>(depthwise, input, geometry, act, y, x + t, out, whole);
                };
            }
        }
        x += TILE;
    }
}

/// A row with any kernel and stride.
#[inline(always)]
unsafe fn generic_any<S: Simd>(args: RowArgs<'_>) {
    let RowArgs { depthwise, input, geometry, act, y, out } = args;
    for x in 0..geometry.out_width() {
        // SAFETY: the caller vouches for the instruction set.
        unsafe { pixel::<S>(depthwise, input, geometry, act, y, x, out) };
    }
}

/// All channels of one output.
#[inline(always)]
unsafe fn pixel<S: Simd>(
    depthwise: &Depthwise,
    input: &[f32],
    geometry: &Geometry,
    act: Activation,
    y: usize,
    x: usize,
    out: &mut [f32],
) {
    // SAFETY: the caller vouches for the instruction set.
    unsafe { channels_of_pixel::<S>(depthwise, input, geometry, act, y, x, out, 0) }
}

/// Channels from `first_channel` on of one output, with taps outside the map left out.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn channels_of_pixel<S: Simd>(
    depthwise: &Depthwise,
    input: &[f32],
    geometry: &Geometry,
    act: Activation,
    y: usize,
    x: usize,
    out: &mut [f32],
    first_channel: usize,
) {
    let Geometry { kernel, stride, width, .. } = *geometry;
    let (rows, columns) = (geometry.taps(y, geometry.height), geometry.taps(x, width));
    let channels = depthwise.channels;
    let mut c = first_channel;
    while c < channels {
        let count = S::LANES.min(channels - c);
        // SAFETY: `taps` leaves out what lies outside the map; channels c..c+count exist, and the
        // packed weights and biases have whole vectors.
        unsafe {
            let mut sum = S::load(depthwise.bias.as_ptr().add(c));
            for ky in rows.clone() {
                for kx in columns.clone() {
                    let (row, column) =
                        (y * stride + ky - kernel / 2, x * stride + kx - kernel / 2);
                    let from = input.as_ptr().add((row * width + column) * channels + c);
                    let whole = count == S::LANES;
                    let value = if whole { S::load(from) } else { S::load_first(from, count) };
                    let tap = (ky * kernel + kx) * depthwise.padded + c;
                    sum = S::mul_add(value, S::load(depthwise.weights.as_ptr().add(tap)), sum);
                }
            }
            let to = out.as_mut_ptr().add(x * channels + c);
            let y = activate::<S>(act, sum);
            if count == S::LANES { S::store(to, y) } else { S::store_first(to, y, count) }
        }
        c += S::LANES;
    }
}
