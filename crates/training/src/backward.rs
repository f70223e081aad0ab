//! The backward pass of one shard.

use kernels::training::{
    activation_backward, add_assign, avg_pool_backward, column_sums, conv_input_gradient,
    conv_weight_gradient, copy_channels_back, depthwise_input_gradient, depthwise_weight_gradient,
    global_avg_pool_backward, max_pool_backward, scale_backward, shuffle_back,
};

use crate::arena::Arena;
use crate::forward::{BatchStatistics, Pass};
use crate::layer::{Bias, Kind};

/// Gradients of layers' outputs, as far as they are known.
struct Gradients<'a> {
    outputs: Vec<Option<Vec<f32>>>,
    arena: &'a mut Arena,
}

impl Gradients<'_> {
    fn add(&mut self, layer: usize, gradient: Vec<f32>) {
        match &mut self.outputs[layer] {
            Some(sum) => {
                add_assign(sum, &gradient);
                self.arena.give(gradient);
            }
            none => *none = Some(gradient),
        }
    }
}

impl Pass<'_> {
    /// Adds the gradients of all parameters to `parameter_gradients`, and frees `values`.
    pub(crate) fn backward(
        &self,
        mut values: Vec<Vec<f32>>,
        logits_gradient: Vec<f32>,
        statistics: &[BatchStatistics],
        parameter_gradients: &mut [Vec<f32>],
        arena: &mut Arena,
    ) {
        let layers = self.layers;
        let mut gradients = Gradients { outputs: vec![None; layers.len()], arena };
        gradients.outputs[layers.len() - 1] = Some(logits_gradient);
        for index in (1..layers.len()).rev() {
            if let Some(gradient) = gradients.outputs[index].take() {
                self.layer(
                    index,
                    gradient,
                    &values,
                    statistics,
                    parameter_gradients,
                    &mut gradients,
                );
            }
            gradients.arena.give(std::mem::take(&mut values[index]));
        }
        gradients.arena.give(std::mem::take(&mut values[0]));
        if let Some(gradient) = gradients.outputs[0].take() {
            gradients.arena.give(gradient);
        }
    }

    fn layer(
        &self,
        index: usize,
        mut gradient: Vec<f32>,
        values: &[Vec<f32>],
        statistics: &[BatchStatistics],
        parameter_gradients: &mut [Vec<f32>],
        gradients: &mut Gradients<'_>,
    ) {
        let layers = self.layers;
        let layer = &layers[index];
        let (channels, elements, first) = (layer.channels, layer.elements, layer.parameter);
        let from = layer.inputs[0];
        let input = &values[from][..];
        let in_elements = layers[from].elements;
        let in_len = in_elements * self.images;
        match layer.kind {
            Kind::Input => {}
            Kind::Conv(shape, bias) => {
                let scratch = &mut gradients.arena.scratch;
                let weight_gradient = &mut parameter_gradients[first];
                conv_weight_gradient(&shape, input, &gradient, weight_gradient, scratch);
                if bias == Bias::Learned {
                    column_sums(&gradient, &mut parameter_gradients[first + 1]);
                }
                if from != 0 {
                    let mut in_gradient = gradients.arena.take(in_len);
                    let scratch = &mut gradients.arena.scratch;
                    let weights = self.parameter(first);
                    conv_input_gradient(&shape, &gradient, weights, &mut in_gradient, scratch);
                    gradients.add(from, in_gradient);
                }
            }
            Kind::Depthwise(geometry) => {
                let mut in_gradient = gradients.arena.take(in_len);
                let scratch = &mut gradients.arena.scratch;
                let to = &mut parameter_gradients[first];
                depthwise_weight_gradient(&geometry, channels, input, &gradient, to, scratch);
                let (weights, to) = (self.parameter(first), &mut in_gradient);
                depthwise_input_gradient(&geometry, channels, &gradient, weights, to, scratch);
                gradients.add(from, in_gradient);
            }
            Kind::NormAct(act, at) => {
                let [gamma, beta] = &mut parameter_gradients[first..first + 2] else { return };
                let norm_act = self.norm_act(index, act, &statistics[at]);
                norm_act.backward(input, &mut gradient, gamma, beta);
                gradients.add(from, gradient);
                return;
            }
            Kind::Act(act) => {
                activation_backward(act, input, &mut gradient);
                gradients.add(from, gradient);
                return;
            }
            Kind::MaxPool(geometry) => {
                let mut in_gradient = gradients.arena.take(in_len);
                let maps = gradient.chunks_exact(elements).zip(input.chunks_exact(in_elements));
                for ((out, input), to) in maps.zip(in_gradient.chunks_exact_mut(in_elements)) {
                    max_pool_backward(&geometry, channels, input, out, to);
                }
                gradients.add(from, in_gradient);
            }
            Kind::AvgPool(geometry) => {
                let mut in_gradient = gradients.arena.take(in_len);
                let maps = in_gradient.chunks_exact_mut(in_elements);
                for (to, out) in maps.zip(gradient.chunks_exact(elements)) {
                    avg_pool_backward(&geometry, channels, out, to);
                }
                gradients.add(from, in_gradient);
            }
            Kind::GlobalAvgPool => {
                let mut in_gradient = gradients.arena.take(in_len);
                let maps = in_gradient.chunks_exact_mut(in_elements);
                for (to, out) in maps.zip(gradient.chunks_exact(elements)) {
                    global_avg_pool_backward(out, to);
                }
                gradients.add(from, in_gradient);
            }
            Kind::Add => {
                let mut other = gradients.arena.take(in_len);
                other.copy_from_slice(&gradient);
                gradients.add(layer.inputs[1], other);
                gradients.add(from, gradient);
                return;
            }
            Kind::Multiply => {
                let scales = &values[layer.inputs[1]];
                let mut of_scales = gradients.arena.take(scales.len());
                let maps = gradient.chunks_exact_mut(elements).zip(input.chunks_exact(elements));
                let vectors =
                    scales.chunks_exact(channels).zip(of_scales.chunks_exact_mut(channels));
                for ((gradient, map), (scale, of_scale)) in maps.zip(vectors) {
                    scale_backward(map, scale, gradient, of_scale);
                }
                gradients.add(layer.inputs[1], of_scales);
                gradients.add(from, gradient);
                return;
            }
            Kind::Concat => {
                let mut at = 0;
                for &part in &layer.inputs {
                    let count = layers[part].channels;
                    let mut to = gradients.arena.take(layers[part].elements * self.images);
                    kernels::copy_channels(&gradient, (channels, at), &mut to, (count, 0), count);
                    gradients.add(part, to);
                    at += count;
                }
            }
            Kind::Split(start) => {
                let mut to = match gradients.outputs[from].take() {
                    Some(sum) => sum,
                    None => {
                        let mut zeros = gradients.arena.take(in_len);
                        zeros.fill(0.0);
                        zeros
                    }
                };
                let place = (layers[from].channels, start);
                copy_channels_back(&gradient, (channels, 0), &mut to, place, channels);
                gradients.outputs[from] = Some(to);
            }
            Kind::Shuffle(groups) => {
                let mut in_gradient = gradients.arena.take(in_len);
                shuffle_back(&gradient, channels, groups, &mut in_gradient);
                gradients.add(from, in_gradient);
            }
            Kind::Dropout(p) => {
                let mut mask = gradients.arena.take(in_len);
                self.dropout_mask(index, p, &mut mask);
                mask.iter_mut().zip(&gradient).for_each(|(m, &g)| *m *= g);
                gradients.add(from, mask);
            }
        }
        gradients.arena.give(gradient);
    }
}
