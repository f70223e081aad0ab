//! Batch norm fused with the activation that follows it (Ioffe and Szegedy, 2015, algorithm 1).

#![allow(unsafe_code)]

use super::append::append;
use super::norm_block::{Block, ChannelValues, Sums, rows};
use crate::activation::Activation;

/// A batch norm with the statistics of its batch, and the activation that follows.
#[derive(Clone, Copy, Debug)]
pub struct NormAct<'a> {
    /// The mean, `[channels]`.
    pub mean: &'a [f32],
    /// The biased variance, `[channels]`.
    pub var: &'a [f32],
    /// What is added to the variance.
    pub eps: f32,
    /// The scale, `[channels]`.
    pub gamma: &'a [f32],
    /// The shift, `[channels]`.
    pub beta: &'a [f32],
    /// The activation, which is applied last.
    pub act: Activation,
}

impl NormAct<'_> {
    fn channels(&self) -> usize {
        self.mean.len()
    }

    /// The scale and the shift of the norm as `x * scale + shift`.
    fn affine(&self) -> (Vec<f32>, Vec<f32>) {
        let lens = [self.var, self.gamma, self.beta].map(<[f32]>::len);
        assert_eq!(lens, [self.channels(); 3], "lengths of variance, gamma and beta");
        let scale: Vec<f32> =
            self.gamma.iter().zip(self.var).map(|(g, var)| g / (var + self.eps).sqrt()).collect();
        let of = |c: usize| self.beta[c] - self.mean[c] * scale[c];
        let shift = (0..self.channels()).map(of).collect();
        (scale, shift)
    }

    /// Appends `act((input - mean) / sqrt(var + eps) * gamma + beta)` to `out`, `[pixels, channels]`.
    ///
    /// # Panics
    /// When the input has part of a pixel, or the norm's slices differ in length.
    pub fn forward(&self, input: &[f32], out: &mut Vec<f32>) {
        let whole = input.len().is_multiple_of(self.channels());
        assert!(whole, "the input [pixels, channels] has part of a pixel");
        let (scale, shift) = self.affine();
        out.reserve_exact(input.len());
        for input in input.chunks(rows(self.channels()) * self.channels()) {
            let values = ChannelValues { scale: &scale, shift: &shift, ..ChannelValues::default() };
            let block = Block { input, gradient: None, act: self.act, values };
            // SAFETY: `write` initialises an element for each input.
            unsafe { append(out, input.len(), |out| block.write(out.as_mut_ptr().cast())) }
        }
    }

    /// Starts the backward pass from `gradient`, which is that of the output. The statistics are those
    /// of `input`, and their part in the gradient is included.
    ///
    /// # Panics
    /// When the input and the gradient differ in length, or the norm's slices do.
    pub fn backward<'a>(&self, input: &'a [f32], gradient: &'a [f32]) -> NormBackward<'a> {
        assert_eq!(input.len(), gradient.len(), "lengths of input and gradient");
        let channels = self.channels();
        let (scale, shift) = self.affine();
        let block = rows(channels) * channels;
        let mut sums = Sums::new(channels);
        for (input, gradient) in input.chunks(block).zip(gradient.chunks(block)) {
            let values = ChannelValues {
                scale: &scale,
                shift: &shift,
                centre: self.mean,
                ..ChannelValues::default()
            };
            sums.add(&Block { input, gradient: Some(gradient), act: self.act, values });
        }
        let share = channels as f32 / input.len() as f32;
        // The input's gradient is scale * (g - mean(g) - normalised * mean(g * normalised)): linear in
        // the input, with a slope and a constant.
        let [mut gamma, mut beta, mut slope, mut constant] = [(); 4].map(|()| vec![0.0; channels]);
        for c in 0..channels {
            let rstd = 1.0 / (self.var[c] + self.eps).sqrt();
            let (sum, product) = (sums.total[0][c] as f32, sums.total[1][c] as f32 * rstd);
            beta[c] = sum;
            gamma[c] = product;
            slope[c] = -scale[c] * rstd * product * share;
            constant[c] = -scale[c] * sum * share - slope[c] * self.mean[c];
        }
        let act = self.act;
        NormBackward { gamma, beta, input, gradient, act, scale, shift, slope, constant }
    }
}

/// The backward pass of a batch norm and its activation: the gradients of what it learns, and that of
/// its input, which is computed block by block where it is needed.
#[derive(Clone, Debug)]
pub struct NormBackward<'a> {
    /// The gradient of the scale, `[channels]`.
    pub gamma: Vec<f32>,
    /// The gradient of the shift, `[channels]`.
    pub beta: Vec<f32>,
    input: &'a [f32],
    gradient: &'a [f32],
    act: Activation,
    scale: Vec<f32>,
    shift: Vec<f32>,
    slope: Vec<f32>,
    constant: Vec<f32>,
}

impl NormBackward<'_> {
    /// The number of elements of the input.
    pub fn input_len(&self) -> usize {
        self.input.len()
    }

    /// Writes the gradient of the input's elements from `first` on, as many as `out` has.
    ///
    /// # Panics
    /// When those are not whole pixels of the input.
    pub fn input_gradient(&self, first: usize, out: &mut [f32]) {
        let channels = self.scale.len();
        let whole = first.is_multiple_of(channels) && out.len().is_multiple_of(channels);
        assert!(whole, "the elements from {first} on are not whole pixels");
        let range = first..first + out.len();
        let (input, gradient) = (&self.input[range.clone()], &self.gradient[range]);
        let values = ChannelValues {
            scale: &self.scale,
            shift: &self.shift,
            slope: &self.slope,
            constant: &self.constant,
            ..ChannelValues::default()
        };
        let block = rows(channels) * channels;
        let blocks = input.chunks(block).zip(gradient.chunks(block)).zip(out.chunks_mut(block));
        for ((input, gradient), out) in blocks {
            let block = Block { input, gradient: Some(gradient), act: self.act, values };
            // SAFETY: `out` has an element for each input.
            unsafe { block.write(out.as_mut_ptr()) }
        }
    }
}
