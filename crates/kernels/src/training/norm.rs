//! Batch norm fused with the activation that follows it (Ioffe and Szegedy, 2015, algorithm 1).

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::append::append;
use super::depthwise::{load, store};
use crate::activation::{Activation, image, pull_back};
use crate::simd::{InstructionSet, Simd, dispatch};

/// Numbers of a block of rows that stays in a core's first-level cache.
const IN_CACHE: usize = 4 * 1024;

/// Mean and biased variance of each channel of `[pixels, channels]`, taken while the pixels are
/// computed.
#[derive(Debug)]
pub struct NormStatistics {
    /// The first pixel: sums are of differences to it, so that the variance does not cancel where
    /// the mean is large.
    shift: Vec<f32>,
    sums: Sums,
    /// Elements that the sums have.
    done: usize,
}

impl NormStatistics {
    /// Of no pixels.
    pub fn new(channels: usize) -> Self {
        Self { shift: Vec::new(), sums: Sums::new(channels), done: 0 }
    }

    /// Takes in the whole blocks of `so_far`, all pixels that are known, the earlier ones included.
    pub fn advance(&mut self, so_far: &[f32]) {
        self.take(so_far, rows(self.channels()) * self.channels());
    }

    /// The mean and the variance of `all` pixels.
    ///
    /// # Panics
    /// When there is no pixel, or part of one.
    pub fn finish(mut self, all: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.channels();
        assert!(!all.is_empty() && all.len().is_multiple_of(channels), "[pixels, channels]");
        self.take(all, channels);
        let share = channels as f64 / all.len() as f64;
        let of = |c: usize| {
            let difference = self.sums.total[0][c] * share;
            let var = (self.sums.total[1][c] * share - difference * difference).max(0.0);
            ((f64::from(self.shift[c]) + difference) as f32, var as f32)
        };
        (0..channels).map(of).unzip()
    }

    fn channels(&self) -> usize {
        self.sums.total[0].len()
    }

    /// Takes in blocks of `so_far` while they have `least` elements.
    fn take(&mut self, so_far: &[f32], least: usize) {
        let channels = self.channels();
        if self.shift.is_empty() && so_far.len() >= channels {
            self.shift = so_far[..channels].to_vec();
        }
        for block in so_far[self.done..].chunks(rows(channels) * channels) {
            if block.len() < least {
                return;
            }
            let mut args = Statistics { block, shift: &self.shift, sums: &mut self.sums };
            // SAFETY: `detect` found the set; the block has whole pixels.
            unsafe { add_statistics(InstructionSet::detect(), &mut args) }
            self.sums.end_block();
            self.done += block.len();
        }
    }
}

/// A batch norm with the statistics of its batch, and its activation.
#[derive(Clone, Copy, Debug)]
pub struct NormAct<'a> {
    /// `[channels]`
    pub mean: &'a [f32],
    /// Biased, `[channels]`.
    pub var: &'a [f32],
    /// Added to the variance.
    pub eps: f32,
    /// Scale, `[channels]`.
    pub gamma: &'a [f32],
    /// Shift, `[channels]`.
    pub beta: &'a [f32],
    /// Applied last.
    pub act: Activation,
}

impl NormAct<'_> {
    fn channels(&self) -> usize {
        self.mean.len()
    }

    /// What batch norm does as `x * scale + shift`.
    fn affine(&self) -> (Vec<f32>, Vec<f32>) {
        let scale: Vec<f32> =
            self.gamma.iter().zip(self.var).map(|(g, var)| g / (var + self.eps).sqrt()).collect();
        let of = |c: usize| self.beta[c] - self.mean[c] * scale[c];
        let shift = (0..self.channels()).map(of).collect();
        (scale, shift)
    }

    /// Appends `act((input - mean) / sqrt(var + eps) * gamma + beta)` to `out`, `[pixels, channels]`.
    ///
    /// # Panics
    /// When the input has part of a pixel.
    pub fn forward(&self, input: &[f32], out: &mut Vec<f32>) {
        assert!(input.len().is_multiple_of(self.channels()), "[pixels, channels]");
        let (scale, shift) = self.affine();
        out.reserve_exact(input.len());
        for input in input.chunks(rows(self.channels()) * self.channels()) {
            let (scale, shift, act) = (&scale[..], &shift[..], self.act);
            let write_block = |out: &mut [MaybeUninit<f32>]| {
                let mut args = Forward { input, scale, shift, act, out };
                // SAFETY: `detect` found the set; the block has whole pixels.
                unsafe { write(InstructionSet::detect(), &mut args) }
            };
            // SAFETY: `write` initialises an output for each input.
            unsafe { append(out, input.len(), write_block) }
        }
    }

    /// The backward pass from `gradient`, that of the output; `input` is what the statistics are of,
    /// and they take part in the gradient.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn backward<'a>(&self, input: &'a [f32], gradient: &'a [f32]) -> NormBackward<'a> {
        assert_eq!(input.len(), gradient.len(), "gradient");
        let channels = self.channels();
        let (scale, shift) = self.affine();
        let block = rows(channels) * channels;
        let mut sums = Sums::new(channels);
        for (input, gradient) in input.chunks(block).zip(gradient.chunks(block)) {
            let (scale, shift, mean) = (&scale[..], &shift[..], self.mean);
            let sums_now = &mut sums;
            let mut args =
                Backward { input, gradient, scale, shift, mean, act: self.act, sums: sums_now };
            // SAFETY: `detect` found the set; the blocks have whole pixels.
            unsafe { add_gradients(InstructionSet::detect(), &mut args) }
            sums.end_block();
        }
        let share = channels as f32 / input.len() as f32;
        // d input = scale * (g - mean(g) - normalised * mean(g * normalised)), as a line in input.
        let [mut gamma, mut beta, mut slope, mut constant] = [(); 4].map(|()| vec![0.0; channels]);
        for c in 0..channels {
            let rstd = 1.0 / (self.var[c] + self.eps).sqrt();
            let (sum, product) = (sums.total[0][c] as f32, sums.total[1][c] as f32 * rstd);
            beta[c] = sum;
            gamma[c] = product;
            slope[c] = -scale[c] * rstd * product * share;
            constant[c] = -scale[c] * sum * share - slope[c] * self.mean[c];
        }
        let lines = [scale, shift, slope, constant];
        NormBackward { input, gradient, act: self.act, lines, gamma, beta }
    }
}

/// The backward pass of a batch norm and its activation: gradients of what it learns, and that of its
/// input, which is computed block by block where it is needed.
#[derive(Clone, Debug)]
pub struct NormBackward<'a> {
    /// Gradient of the scale, `[channels]`.
    pub gamma: Vec<f32>,
    /// Gradient of the shift, `[channels]`.
    pub beta: Vec<f32>,
    input: &'a [f32],
    gradient: &'a [f32],
    act: Activation,
    /// Scale and shift before the activation; slope and constant of the gradient.
    lines: [Vec<f32>; 4],
}

impl NormBackward<'_> {
    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        self.input.len()
    }

    /// The gradient of the input's elements from `first` on, as many as `out` has.
    ///
    /// # Panics
    /// When those are no whole pixels of the input.
    pub fn input_gradient(&self, first: usize, out: &mut [f32]) {
        let channels = self.lines[0].len();
        let whole = first.is_multiple_of(channels) && out.len().is_multiple_of(channels);
        assert!(whole, "[pixels, channels]");
        let range = first..first + out.len();
        let (input, gradient) = (&self.input[range.clone()], &self.gradient[range]);
        let lines = self.lines.each_ref().map(Vec::as_slice);
        let block = rows(channels) * channels;
        let blocks = input.chunks(block).zip(gradient.chunks(block)).zip(out.chunks_mut(block));
        for ((input, gradient), out) in blocks {
            let mut args = Combine { input, gradient, act: self.act, lines, out };
            // SAFETY: `detect` found the set; the blocks have whole pixels.
            unsafe { combine(InstructionSet::detect(), &mut args) }
        }
    }
}

/// Pixels of a block.
fn rows(channels: usize) -> usize {
    (IN_CACHE / channels).max(8)
}

/// Two sums a channel: of a block in f32, of all blocks in f64.
#[derive(Debug)]
struct Sums {
    block: [Vec<f32>; 2],
    total: [Vec<f64>; 2],
}

impl Sums {
    fn new(channels: usize) -> Self {
        Self {
            block: std::array::from_fn(|_| vec![0.0; channels]),
            total: std::array::from_fn(|_| vec![0.0; channels]),
        }
    }

    fn end_block(&mut self) {
        for (total, block) in self.total.iter_mut().zip(&self.block) {
            total.iter_mut().zip(block).for_each(|(total, &sum)| *total += f64::from(sum));
        }
    }
}

struct Statistics<'a> {
    block: &'a [f32],
    shift: &'a [f32],
    sums: &'a mut Sums,
}

struct Forward<'a> {
    input: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    act: Activation,
    /// As many as the inputs.
    out: &'a mut [MaybeUninit<f32>],
}

struct Backward<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    mean: &'a [f32],
    act: Activation,
    sums: &'a mut Sums,
}

struct Combine<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    act: Activation,
    lines: [&'a [f32]; 4],
    out: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the set; the block has whole pixels.
    unsafe fn add_statistics(args: &mut Statistics<'_>) = add_statistics_with
}
dispatch! {
    /// # Safety
    /// The CPU has the set; the block has whole pixels.
    unsafe fn write(args: &mut Forward<'_>) = write_with
}
dispatch! {
    /// # Safety
    /// The CPU has the set; the block has whole pixels.
    unsafe fn add_gradients(args: &mut Backward<'_>) = add_gradients_with
}
dispatch! {
    /// # Safety
    /// The CPU has the set; the block has whole pixels.
    unsafe fn combine(args: &mut Combine<'_>) = combine_with
}

/// Vectors of a row that are worked on at once: sums of so many fit the registers.
const VECTORS: usize = 4;

/// Calls `$tile::<S, VECTORS>(args, channel, LANES)` for channels of four vectors each, and `$tile::<S,
/// 1>` for the rest, the last vector cut.
macro_rules! tiles {
    ($tile:ident, $args:expr, $channels:expr) => {{
        let wide = VECTORS * S::LANES;
        let whole = $channels / wide * wide;
        // SAFETY: the caller's; vectors are cut to the channels.
        unsafe {
            (0..whole).step_by(wide).for_each(|c| $tile::<S, VECTORS>($args, c, S::LANES));
            for c in (whole..$channels).step_by(S::LANES) {
                $tile::<S, 1>($args, c, S::LANES.min($channels - c));
            }
        }
    }};
}

#[inline(always)]
unsafe fn add_statistics_with<S: Simd>(args: &mut Statistics<'_>) {
    tiles!(add_statistics_tile, args, args.shift.len());
}

#[inline(always)]
unsafe fn add_statistics_tile<S: Simd, const V: usize>(
    args: &mut Statistics<'_>,
    c: usize,
    count: usize,
) {
    let channels = args.shift.len();
    // SAFETY: the caller's.
    unsafe {
        let minus = vectors::<S, V>(args.shift, c, count).map(|x| S::mul(x, S::splat(-1.0)));
        let mut sums = [[S::splat(0.0); V]; 2];
        for at in (c..args.block.len()).step_by(channels) {
            let x = vectors::<S, V>(args.block, at, count);
            for v in 0..V {
                let x = S::add(x[v], minus[v]);
                sums[0][v] = S::add(sums[0][v], x);
                sums[1][v] = S::mul_add(x, x, sums[1][v]);
            }
        }
        write_sums::<S, V>(args.sums, sums, c, count);
    }
}

#[inline(always)]
unsafe fn add_gradients_with<S: Simd>(args: &mut Backward<'_>) {
    tiles!(add_gradients_tile, args, args.scale.len());
}

#[inline(always)]
unsafe fn add_gradients_tile<S: Simd, const V: usize>(
    args: &mut Backward<'_>,
    c: usize,
    count: usize,
) {
    let channels = args.scale.len();
    // SAFETY: the caller's.
    unsafe {
        let [scale, shift, mean] =
            [args.scale, args.shift, args.mean].map(|line| vectors::<S, V>(line, c, count));
        let minus = mean.map(|x| S::mul(x, S::splat(-1.0)));
        let mut sums = [[S::splat(0.0); V]; 2];
        for at in (c..args.input.len()).step_by(channels) {
            let x = vectors::<S, V>(args.input, at, count);
            let g = vectors::<S, V>(args.gradient, at, count);
            for v in 0..V {
                let g = pull_back::<S>(args.act, S::mul_add(x[v], scale[v], shift[v]), g[v]);
                sums[0][v] = S::add(sums[0][v], g);
                sums[1][v] = S::mul_add(g, S::add(x[v], minus[v]), sums[1][v]);
            }
        }
        write_sums::<S, V>(args.sums, sums, c, count);
    }
}

/// `V` vectors from `at` on, whole ones or one that is cut to `count`.
#[inline(always)]
unsafe fn vectors<S: Simd, const V: usize>(
    from: &[f32],
    at: usize,
    count: usize,
) -> [S::Vector; V] {
    // SAFETY: the caller's.
    unsafe { std::array::from_fn(|v| load::<S>(from.as_ptr().add(at + v * S::LANES), count)) }
}

#[inline(always)]
unsafe fn write_sums<S: Simd, const V: usize>(
    to: &mut Sums,
    sums: [[S::Vector; V]; 2],
    c: usize,
    count: usize,
) {
    for (to, sums) in to.block.iter_mut().zip(sums) {
        for (v, sum) in sums.into_iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { store::<S>(to.as_mut_ptr().add(c + v * S::LANES), sum, count) }
        }
    }
}

#[inline(always)]
unsafe fn write_with<S: Simd>(args: &mut Forward<'_>) {
    let channels = args.scale.len();
    for row in (0..args.input.len()).step_by(channels) {
        for c in (0..channels).step_by(S::LANES) {
            let (at, count) = (row + c, S::LANES.min(channels - c));
            // SAFETY: the caller's; vectors are cut to `count`.
            unsafe {
                let scale = load::<S>(args.scale.as_ptr().add(c), count);
                let shift = load::<S>(args.shift.as_ptr().add(c), count);
                let x = load::<S>(args.input.as_ptr().add(at), count);
                let y = image::<S>(args.act, S::mul_add(x, scale, shift));
                store::<S>(args.out.as_mut_ptr().cast::<f32>().add(at), y, count);
            }
        }
    }
}

#[inline(always)]
unsafe fn combine_with<S: Simd>(args: &mut Combine<'_>) {
    let channels = args.lines[0].len();
    for row in (0..args.input.len()).step_by(channels) {
        for c in (0..channels).step_by(S::LANES) {
            let (at, count) = (row + c, S::LANES.min(channels - c));
            // SAFETY: the caller's; vectors are cut to `count`.
            unsafe {
                let [scale, shift, slope, constant] =
                    args.lines.map(|line| load::<S>(line.as_ptr().add(c), count));
                let x = load::<S>(args.input.as_ptr().add(at), count);
                let g = load::<S>(args.gradient.as_ptr().add(at), count);
                let g = pull_back::<S>(args.act, S::mul_add(x, scale, shift), g);
                let g = S::mul_add(g, scale, S::mul_add(x, slope, constant));
                store::<S>(args.out.as_mut_ptr().add(at), g, count);
            }
        }
    }
}
