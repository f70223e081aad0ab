//! The statistics of a batch norm, which are taken while its input is computed.

use super::norm_block::{Block, ChannelValues, Sums, rows};
use crate::activation::Activation;

/// The mean and the biased variance of each channel of `[pixels, channels]`, taken while the pixels are
/// computed.
#[derive(Debug)]
pub struct NormStatistics {
    /// The first pixel. The sums are of differences from it, so that the variance does not cancel
    /// where the mean is large.
    shift: Vec<f32>,
    sums: Sums,
    /// How many elements are in the sums.
    done: usize,
}

impl NormStatistics {
    /// The statistics of no pixels.
    pub fn new(channels: usize) -> Self {
        Self { shift: Vec::new(), sums: Sums::new(channels), done: 0 }
    }

    /// Adds the whole blocks among the new pixels of `so_far`, which has all pixels from the first on.
    pub fn advance(&mut self, so_far: &[f32]) {
        self.add(so_far, rows(self.channels()) * self.channels());
    }

    /// Gives the mean and the variance of `all` pixels.
    ///
    /// # Panics
    /// When there are no pixels, or there is part of a pixel.
    pub fn finish(mut self, all: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.channels();
        assert!(
            !all.is_empty() && all.len().is_multiple_of(channels),
            "{} elements are not whole pixels of {channels} channels",
            all.len()
        );
        self.add(all, channels);
        let share = channels as f64 / all.len() as f64;
        let of = |c: usize| {
            let difference = self.sums.total[0][c] * share;
            let var = self.sums.total[1][c] * share - difference * difference;
            // Rounding can make it negative; NaN stays.
            let var = if var < 0.0 { 0.0 } else { var };
            ((f64::from(self.shift[c]) + difference) as f32, var as f32)
        };
        (0..channels).map(of).unzip()
    }

    fn channels(&self) -> usize {
        self.sums.total[0].len()
    }

    /// Adds the new pixels of `so_far`, block by block, while blocks have at least `min_len`
    /// elements.
    fn add(&mut self, so_far: &[f32], min_len: usize) {
        let channels = self.channels();
        if self.shift.is_empty() && so_far.len() >= channels {
            self.shift = so_far[..channels].to_vec();
        }
        for block in so_far[self.done..].chunks(rows(channels) * channels) {
            if block.len() < min_len {
                return;
            }
            let values = ChannelValues { centre: &self.shift, ..ChannelValues::default() };
            let act = Activation::Linear;
            self.sums.add(&Block { input: block, gradient: None, act, values });
            self.done += block.len();
        }
    }
}
