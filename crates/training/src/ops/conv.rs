//! Convolutions, alone and fused with the batch norm and activation that follow.

use std::sync::{Arc, OnceLock};

use candle_core::{Error, Result, Shape, Tensor};
use kernels::Activation;
use kernels::training::{
    ConvGradients, ConvShape, Filters, NormAct, NormStatistics, OutGradient, add_assign,
    column_sums, conv_backward, conv_forward, depthwise_backward, depthwise_forward,
};

use super::elements::{Gradients, SliceOp, Slices, map, of_shape, readable, refused, tensor};
use super::pool::geometry;
use super::types::{BatchNorm, BatchStatistics, Conv2d};

/// Dense, grouped or depthwise convolution of a map `[batch, height, width, channels]` with
/// optional bias `[out]`.
///
/// # Errors
/// Tensors whose shapes do not fit each other, an even kernel, a stride of 0, or groups that do not
/// divide the channels.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, conv: Conv2d) -> Result<Tensor> {
    const NAME: &str = "conv2d";
    let (x, weight, conv) = Conv::new(NAME, x, weight, conv)?;
    let bias = match bias {
        Some(bias) => of_shape(NAME, "bias", bias, &[conv.shape.out_channels])?,
        None => tensor(Vec::new(), 0)?,
    };
    let op = SliceOp {
        name: NAME,
        out: conv.out(),
        forward: move |[x, weight, bias]: Slices<'_, 3>, out: &mut Vec<f32>| {
            conv.run([x, weight, bias], out, &mut |_| {});
        },
        backward: move |[x, weight, _]: Slices<'_, 3>,
                        gradient: &[f32],
                        [to_x, to_weight, to_bias]: Gradients<'_, 3>| {
            conv.pull_back([x, weight], &OutGradient::Plain(gradient), [to_x, to_weight]);
            if let Some(to_bias) = to_bias {
                to_bias.resize(conv.shape.out_channels, 0.0);
                column_sums(gradient, to_bias);
            }
        },
    };
    x.apply_op3(&weight, &bias, op)
}

/// The results of a forward pass that its backward pass reads.
struct Saved {
    /// Output of the convolution.
    convolved: Vec<f32>,
    mean: Vec<f32>,
    var: Vec<f32>,
}

impl Saved {
    /// `scale_shift` is `[2, channels]`.
    fn norm_act<'a>(&'a self, scale_shift: &'a [f32], eps: f32, act: Activation) -> NormAct<'a> {
        let (gamma, beta) = scale_shift.split_at(self.mean.len());
        NormAct { mean: &self.mean, var: &self.var, eps, gamma, beta, act }
    }
}

/// Convolution without a bias, batch norm with the statistics of the batch, and activation, fused
/// in one op that keeps the output of the convolution for its backward pass. Returns the statistics
/// as well.
///
/// # Errors
/// As for [`conv2d`].
pub fn conv2d_norm_act(
    x: &Tensor,
    weight: &Tensor,
    conv: Conv2d,
    norm: BatchNorm<'_>,
    act: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    const NAME: &str = "conv2d_norm_act";
    let (x, weight, conv) = Conv::new(NAME, x, weight, conv)?;
    let channels = conv.shape.out_channels;
    let gamma = of_shape(NAME, "norm.weight", norm.weight, &[channels])?;
    let beta = of_shape(NAME, "norm.bias", norm.bias, &[channels])?;
    // Stacked in one tensor, since candle's custom ops have at most three inputs.
    let scale_shift = Tensor::stack(&[gamma, beta], 0)?;
    let eps = norm.eps;
    // Set once: each call makes an op of its own.
    let saved = Arc::new(OnceLock::new());
    let (to_save, of_forward) = (saved.clone(), saved.clone());
    let op = SliceOp {
        name: NAME,
        out: conv.out(),
        forward: move |[x, weight, scale_shift]: Slices<'_, 3>, out: &mut Vec<f32>| {
            let mut statistics = NormStatistics::new(channels);
            let mut convolved = Vec::with_capacity(out.capacity());
            let advance = &mut |so_far: &[f32]| statistics.advance(so_far);
            conv.run([x, weight, &[]], &mut convolved, advance);
            let (mean, var) = statistics.finish(&convolved);
            let saved = to_save.get_or_init(|| Saved { convolved, mean, var });
            saved.norm_act(scale_shift, eps, act).forward(&saved.convolved, out);
        },
        backward: move |[x, weight, scale_shift]: Slices<'_, 3>,
                        gradient: &[f32],
                        to: Gradients<'_, 3>| {
            let [to_x, to_weight, to_scale_shift] = to;
            let Some(saved): Option<&Saved> = of_forward.get() else { return };
            let norm = saved.norm_act(scale_shift, eps, act).backward(&saved.convolved, gradient);
            if let Some(to) = to_scale_shift {
                to.extend_from_slice(&norm.gamma);
                to.extend_from_slice(&norm.beta);
            }
            conv.pull_back([x, weight], &OutGradient::OfNorm(norm), [to_x, to_weight]);
        },
    };
    let out = x.apply_op3(&weight, &scale_shift, op)?;
    let not_run = || Error::Msg(format!("{NAME}: found an op that did not run"));
    let Saved { convolved, mean, var } = saved.get().ok_or_else(not_run)?;
    let vector = |values: &[f32]| tensor(values.to_vec(), channels);
    let count = convolved.len() / channels;
    Ok((out, BatchStatistics { mean: vector(mean)?, var: vector(var)?, count }))
}

/// A convolution of maps of one shape.
#[derive(Clone, Copy)]
struct Conv {
    batch: usize,
    shape: ConvShape,
}

impl Conv {
    /// Returns the inputs as the kernels read them, and the convolution.
    fn new(op: &str, x: &Tensor, weight: &Tensor, conv: Conv2d) -> Result<(Tensor, Tensor, Self)> {
        let (x, [batch, height, width, in_channels]) = map(op, "x", x)?;
        let weight = readable(op, "weight", weight)?;
        let Conv2d { stride, groups } = conv;
        let (out_channels, of_group, kernel) = match *weight.dims() {
            [out, of_group] if groups == 1 => (out, of_group, 1),
            [out, of_group, kernel, also] if kernel == also => (out, of_group, kernel),
            _ => {
                let expected = "[out, in / groups, kernel, kernel], or with one group [out, in]";
                return Err(refused(op, "weight", &weight.dims(), &expected));
            }
        };
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        if !divides(in_channels) || !divides(out_channels) {
            let expected = format!(
                "a divisor of the {in_channels} input and the {out_channels} output channels"
            );
            return Err(refused(op, "groups", &groups, &expected));
        }
        if of_group * groups != in_channels {
            let expected = format!("[out, {}, kernel, kernel]", in_channels / groups);
            return Err(refused(op, "weight", &weight.dims(), &expected));
        }
        let geometry = geometry(op, (height, width), kernel, stride)?;
        let shape = ConvShape { geometry, in_channels, out_channels, groups };
        Ok((x, weight, Self { batch, shape }))
    }

    fn is_depthwise(&self) -> bool {
        let ConvShape { in_channels, out_channels, groups, .. } = self.shape;
        groups > 1 && groups == in_channels && groups == out_channels
    }

    fn out(&self) -> Shape {
        let geometry = self.shape.geometry;
        let (height, width) = (geometry.out_height(), geometry.out_width());
        (self.batch, height, width, self.shape.out_channels).into()
    }

    /// An empty `bias` is none.
    fn run(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        out: &mut Vec<f32>,
        advance: &mut dyn FnMut(&[f32]),
    ) {
        let shape = &self.shape;
        if !self.is_depthwise() {
            let bias = (!bias.is_empty()).then_some(bias);
            return conv_forward(shape, x, Filters { weights: weight, bias }, out, advance);
        }
        depthwise_forward(&shape.geometry, shape.out_channels, x, weight, out, advance);
        if !bias.is_empty() {
            out.chunks_exact_mut(shape.out_channels).for_each(|pixel| add_assign(pixel, bias));
        }
    }

    fn pull_back(
        &self,
        [x, weight]: [&[f32]; 2],
        gradient: &OutGradient<'_>,
        [to_x, to_weight]: Gradients<'_, 2>,
    ) {
        let shape = &self.shape;
        let mut unused = Vec::new();
        let to_weight = to_weight.unwrap_or(&mut unused);
        to_weight.resize(weight.len(), 0.0);
        let to = ConvGradients { input: to_x, weights: to_weight };
        if self.is_depthwise() {
            let channels = shape.out_channels;
            depthwise_backward(&shape.geometry, channels, x, weight, gradient, to);
        } else {
            conv_backward(shape, x, weight, gradient, to);
        }
    }
}
