//! The forward pass of one shard.

use kernels::Activation;
use kernels::training::{NormAct, conv_forward, depthwise_forward, norm_statistics};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::Norm;

use crate::arena::Arena;
use crate::layer::{Bias, Kind, Layer};
use crate::model::Parameter;

/// Mean and biased variance of a batch norm's inputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchStatistics {
    pub(crate) mean: Vec<f32>,
    pub(crate) var: Vec<f32>,
    /// Pixels they are taken over.
    pub(crate) count: usize,
}

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Batch norms take the statistics of their batch, and dropout drops.
    Training,
    /// Batch norms take the statistics that they are given, and dropout does nothing.
    Inference,
}

/// What a shard's forward and backward passes share.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) layers: &'a [Layer],
    pub(crate) parameters: &'a [Parameter],
    pub(crate) mode: Mode,
    pub(crate) norm: Norm,
    /// Images of the shard.
    pub(crate) images: usize,
    /// Of the dropout masks.
    pub(crate) seed: u64,
    /// Different for each shard of each step.
    pub(crate) stream: u64,
}

impl Pass<'_> {
    pub(crate) fn parameter(&self, index: usize) -> &[f32] {
        &self.parameters[index].values
    }

    /// Factors 0 or 1 / (1 - p) of a dropout layer, the same whenever asked.
    pub(crate) fn dropout_mask(&self, layer: usize, p: f32, mask: &mut [f32]) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(layer as u64));
        rng.set_stream(self.stream);
        let kept = 1.0 / (1.0 - p);
        mask.iter_mut().for_each(|m| *m = if rng.random::<f32>() < p { 0.0 } else { kept });
    }

    /// The logits, and in training the output of every layer that the backward pass reads; the
    /// others are empty. Writes `statistics` in training and reads them in inference.
    pub(crate) fn forward(
        &self,
        input: &[f32],
        statistics: &mut [BatchStatistics],
        arena: &mut Arena,
    ) -> Vec<Vec<f32>> {
        let layers = self.layers;
        let mut values: Vec<Vec<f32>> = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let mut out = arena.take(layer.elements * self.images);
            match layer.kind {
                Kind::Input => out.copy_from_slice(input),
                _ => self.run(index, &values, statistics, &mut out, arena),
            }
            values.push(out);
            for &input in &layer.inputs {
                let saved = layers[input].saved && self.mode == Mode::Training;
                if layers[input].last_reader == index && !saved {
                    arena.give(std::mem::take(&mut values[input]));
                }
            }
        }
        values
    }

    fn run(
        &self,
        index: usize,
        values: &[Vec<f32>],
        statistics: &mut [BatchStatistics],
        out: &mut [f32],
        arena: &mut Arena,
    ) {
        let layers = self.layers;
        let layer = &layers[index];
        let (channels, elements) = (layer.channels, layer.elements);
        let input_layer = &layers[layer.inputs[0]];
        let input = &values[layer.inputs[0]][..];
        let images = || input.chunks_exact(input_layer.elements);
        match layer.kind {
            Kind::Input => {}
            Kind::Conv(shape, bias) => {
                let bias = match bias {
                    Bias::Learned => self.parameter(layer.parameter + 1),
                    Bias::None => &[],
                };
                let weights = self.parameter(layer.parameter);
                conv_forward(&shape, input, weights, bias, out, &mut arena.scratch);
            }
            Kind::Depthwise(geometry) => {
                depthwise_forward(&geometry, channels, input, self.parameter(layer.parameter), out);
            }
            Kind::NormAct(act, at) => {
                let batch = &mut statistics[at];
                if self.mode == Mode::Training {
                    batch.mean.resize(channels, 0.0);
                    batch.var.resize(channels, 0.0);
                    batch.count = input.len() / channels;
                    norm_statistics(input, &mut batch.mean, &mut batch.var);
                }
                self.norm_act(index, act, batch).forward(input, out);
            }
            Kind::Act(act) => {
                out.copy_from_slice(input);
                act.apply(out);
            }
            Kind::MaxPool(geometry) => {
                for (input, out) in images().zip(out.chunks_exact_mut(elements)) {
                    kernels::max_pool(input, &geometry, channels, out);
                }
            }
            Kind::AvgPool(geometry) => {
                for (input, out) in images().zip(out.chunks_exact_mut(elements)) {
                    kernels::avg_pool(input, &geometry, channels, out);
                }
            }
            Kind::GlobalAvgPool => {
                for (input, out) in images().zip(out.chunks_exact_mut(elements)) {
                    kernels::global_avg_pool(input, channels, out);
                }
            }
            Kind::Add => {
                kernels::add(input, &values[layer.inputs[1]], Activation::Linear, out);
            }
            Kind::Multiply => {
                out.copy_from_slice(input);
                let scales = values[layer.inputs[1]].chunks_exact(channels);
                for (out, scale) in out.chunks_exact_mut(elements).zip(scales) {
                    kernels::scale_channels(out, scale);
                }
            }
            Kind::Concat => {
                let mut at = 0;
                for &part in &layer.inputs {
                    let count = layers[part].channels;
                    kernels::copy_channels(&values[part], (count, 0), out, (channels, at), count);
                    at += count;
                }
            }
            Kind::Split(start) => {
                let from = (input_layer.channels, start);
                kernels::copy_channels(input, from, out, (channels, 0), channels);
            }
            Kind::Shuffle(groups) => kernels::channel_shuffle(input, channels, groups, out),
            Kind::Dropout(_) if self.mode == Mode::Inference => out.copy_from_slice(input),
            Kind::Dropout(p) => {
                self.dropout_mask(index, p, out);
                out.iter_mut().zip(input).for_each(|(out, &x)| *out *= x);
            }
        }
    }

    pub(crate) fn norm_act<'b>(
        &'b self,
        index: usize,
        act: Activation,
        batch: &'b BatchStatistics,
    ) -> NormAct<'b> {
        let first = self.layers[index].parameter;
        NormAct {
            mean: &batch.mean,
            var: &batch.var,
            eps: self.norm.eps,
            gamma: self.parameter(first),
            beta: self.parameter(first + 1),
            act,
        }
    }
}
