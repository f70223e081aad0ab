//! Batch norm fused with the activation that follows it (Ioffe and Szegedy, 2015, algorithm 1).

#![allow(unsafe_code)]

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
            let lines = [&[], &[], &self.shift[..], &[]];
            let of = Block { input: block, gradient: None, act: Activation::Linear, lines };
            self.sums.add(&of);
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
        let lens = [self.var, self.gamma, self.beta].map(<[f32]>::len);
        assert_eq!(lens, [self.channels(); 3], "[channels]");
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
            let lines = [&scale[..], &shift, &[], &[]];
            let of = Block { input, gradient: None, act: self.act, lines };
            // SAFETY: `write` initialises an output for each input.
            unsafe { append(out, input.len(), |out| of.write(out.as_mut_ptr().cast())) }
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
            let lines = [&scale[..], &shift, self.mean, &[]];
            sums.add(&Block { input, gradient: Some(gradient), act: self.act, lines });
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
            let of = Block { input, gradient: Some(gradient), act: self.act, lines };
            // SAFETY: the output has an element for each input.
            unsafe { of.write(out.as_mut_ptr()) }
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

    /// Adds the block's sums of x - centre and its square, or of the gradient before the activation and
    /// its product with x - centre.
    fn add(&mut self, block: &Block<'_>) {
        // SAFETY: `detect` found the set.
        unsafe { add_block(InstructionSet::detect(), &mut (block, &mut self.block)) }
        for (total, block) in self.total.iter_mut().zip(&self.block) {
            total.iter_mut().zip(block).for_each(|(total, &sum)| *total += f64::from(sum));
        }
    }
}

/// Some whole pixels before the norm.
struct Block<'a> {
    input: &'a [f32],
    /// Of the activation's outputs, in the backward pass; as long as the input.
    gradient: Option<&'a [f32]>,
    act: Activation,
    /// For each channel: scale, shift, and for sums the centre, for the gradient slope and constant.
    lines: [&'a [f32]; 4],
}

impl Block<'_> {
    fn channels(&self) -> usize {
        self.lines[0].len().max(self.lines[2].len())
    }

    /// Writes the activation's outputs, or in the backward pass the input's gradient.
    ///
    /// # Safety
    /// `out` is good for an element for each input.
    unsafe fn write(&self, out: *mut f32) {
        // SAFETY: `detect` found the set; the caller vouches for `out`.
        unsafe { write_block(InstructionSet::detect(), &mut (self, out)) }
    }
}

dispatch! {
    /// # Safety
    /// The CPU has the set.
    unsafe fn add_block(args: &mut (&Block<'_>, &mut [Vec<f32>; 2])) = add_block_with
}
dispatch! {
    /// # Safety
    /// The CPU has the set; the pointer is good for an element for each input.
    unsafe fn write_block(args: &mut (&Block<'_>, *mut f32)) = write_block_with
}

/// Vectors of a row that are worked on at once: sums of so many fit the registers.
const VECTORS: usize = 4;

#[inline(always)]
unsafe fn add_block_with<S: Simd>((block, sums): &mut (&Block<'_>, &mut [Vec<f32>; 2])) {
    let wide = VECTORS * S::LANES;
    let whole = block.channels() / wide * wide;
    for c in (0..whole).step_by(wide) {
        // SAFETY: the caller's; the vectors are whole.
        unsafe { add_columns::<S, VECTORS>(block, sums, c, S::LANES) }
    }
    for c in (whole..block.channels()).step_by(S::LANES) {
        // SAFETY: the caller's; the vector is cut to the channels.
        unsafe { add_columns::<S, 1>(block, sums, c, S::LANES.min(block.channels() - c)) }
    }
}

/// The sums of `V` vectors of channels, whole ones or one that is cut to `count`.
#[inline(always)]
unsafe fn add_columns<S: Simd, const V: usize>(
    block: &Block<'_>,
    sums: &mut [Vec<f32>; 2],
    c: usize,
    count: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let vectors = |from: &[f32], at: usize| -> [S::Vector; V] {
            std::array::from_fn(|v| load::<S>(from.as_ptr().add(at + v * S::LANES), count))
        };
        let minus = vectors(block.lines[2], c).map(|centre| S::mul(centre, S::splat(-1.0)));
        let mut both = [[S::splat(0.0); V]; 2];
        let rows = (c..block.input.len()).step_by(block.channels());
        if let Some(gradient) = block.gradient {
            let [scale, shift] = [block.lines[0], block.lines[1]].map(|line| vectors(line, c));
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
unsafe fn write_block_with<S: Simd>((block, out): &mut (&Block<'_>, *mut f32)) {
    let (channels, [scale, shift, slope, constant]) = (block.channels(), block.lines);
    for row in (0..block.input.len()).step_by(channels) {
        for c in (0..channels).step_by(S::LANES) {
            let (at, count) = (row + c, S::LANES.min(channels - c));
            // SAFETY: the caller's; vectors are cut to `count`.
            unsafe {
                let line = |line: &[f32]| load::<S>(line.as_ptr().add(c), count);
                let x = load::<S>(block.input.as_ptr().add(at), count);
                let before = S::mul_add(x, line(scale), line(shift));
                let y = match block.gradient {
                    None => image::<S>(block.act, before),
                    Some(gradient) => {
                        let g = load::<S>(gradient.as_ptr().add(at), count);
                        let g = pull_back::<S>(block.act, before, g);
                        S::mul_add(g, line(scale), S::mul_add(x, line(slope), line(constant)))
                    }
                };
                store::<S>(out.add(at), y, count);
            }
        }
    }
}
