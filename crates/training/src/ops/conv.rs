//! Convolutions, alone and as units with the batch norm and activation that follow.

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp3, Device, Error, Layout, Result, Shape, Tensor};
use kernels::Activation;
use kernels::training::{
    ConvGradients, ConvShape, NormAct, NormStatistics, OutGradient, add_assign, column_sums,
    conv_backward, conv_forward, depthwise_backward, depthwise_forward,
};

use super::elements::{elements, elements_of, map, of_shape, readable, refused, tensor};
use super::norm::{Learned, stacked};
use super::pool::geometry;
use super::types::{BatchNorm, BatchStatistics, Conv2d};

/// Convolution of a map: dense, grouped or depthwise, with a bias `[out]` or without.
///
/// # Errors
/// Tensors whose shapes do not fit each other, an even kernel, no stride, or groups that do not divide
/// the channels.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, conv: Conv2d) -> Result<Tensor> {
    const NAME: &str = "conv2d";
    let (x, weight, conv) = Conv::new(NAME, x, weight, conv)?;
    let bias = match bias {
        Some(bias) => of_shape(NAME, "bias", bias, &[conv.shape.out_channels])?,
        None => tensor(Vec::new(), 0)?,
    };
    x.apply_op3(&weight, &bias, conv)
}

/// Convolution without a bias, batch norm with the statistics of this batch, and activation, in one op
/// that keeps the convolution's output for its backward pass. Gives the statistics too.
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
    let learned = stacked(NAME, norm, conv.shape.out_channels)?;
    let saved = Arc::new(OnceLock::new());
    let op = ConvNormAct { conv, eps: norm.eps, act, saved: saved.clone() };
    let out = x.apply_op3(&weight, &learned, op)?;
    let Saved { convolved, mean, var } = saved.get().ok_or_else(not_run)?;
    let (count, channels) = (convolved.len() / mean.len(), mean.len());
    let vector = |values: &[f32]| Tensor::from_slice(values, channels, &Device::Cpu);
    Ok((out, BatchStatistics { mean: vector(mean)?, var: vector(var)?, count }))
}

fn not_run() -> Error {
    Error::Msg("found an op that did not run forward".to_owned())
}

/// A convolution of maps of one shape.
#[derive(Clone, Copy)]
struct Conv {
    batch: usize,
    shape: ConvShape,
}

impl Conv {
    /// With the inputs as the kernels read them.
    fn new(op: &str, x: &Tensor, weight: &Tensor, conv: Conv2d) -> Result<(Tensor, Tensor, Self)> {
        let (x, [batch, height, width, in_channels]) = map(op, "x", x)?;
        let weight = readable(op, "weight", weight)?;
        let Conv2d { stride, groups } = conv;
        let (out_channels, of_group, kernel) = match *weight.dims() {
            [out, of_group] => (out, of_group, 1),
            [out, of_group, kernel, also] if kernel == also => (out, of_group, kernel),
            _ => {
                let allowed = "[out, in / groups, kernel, kernel] or [out, in]";
                return Err(refused(op, "weight", &weight.dims(), &allowed));
            }
        };
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        if !divides(in_channels) || !divides(out_channels) {
            let allowed = format!("divisors of {in_channels} and {out_channels} channels");
            return Err(refused(op, "groups", &groups, &allowed));
        }
        if of_group * groups != in_channels {
            let allowed = format!("[out, {}, kernel, kernel]", in_channels / groups);
            return Err(refused(op, "weight", &weight.dims(), &allowed));
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

    fn run(&self, x: &[f32], weight: &[f32], bias: &[f32], advance: &mut dyn FnMut(&[f32])) -> Vec<f32> {
        let shape = &self.shape;
        let mut out = vec![0.0; self.out().elem_count()];
        if self.is_depthwise() {
            let channels = shape.out_channels;
            depthwise_forward(&shape.geometry, channels, x, weight, &mut out, advance);
            if !bias.is_empty() {
                out.chunks_exact_mut(channels).for_each(|pixel| add_assign(pixel, bias));
            }
        } else {
            conv_forward(shape, x, (weight, bias), &mut out, &mut Vec::new(), advance);
        }
        out
    }

    /// The gradients of `x`, where candle tracks it, and `weight`.
    fn pull_back(
        &self,
        x: &Tensor,
        weight: &Tensor,
        gradient: &OutGradient<'_>,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let ((x_at, x_layout), (weight_at, weight_layout)) =
            (x.storage_and_layout(), weight.storage_and_layout());
        let (x_in, weight_in) =
            (elements_of(&x_at, x_layout)?, elements_of(&weight_at, weight_layout)?);
        let mut of_x = x.track_op().then(|| vec![0.0; x_in.len()]);
        let mut of_weight = vec![0.0; weight_in.len()];
        let (shape, geometry) = (&self.shape, &self.shape.geometry);
        let to = ConvGradients { input: of_x.as_deref_mut(), weights: &mut of_weight };
        if self.is_depthwise() {
            depthwise_backward(geometry, shape.out_channels, x_in, weight_in, gradient, to);
        } else {
            conv_backward(shape, x_in, weight_in, gradient, to);
        }
        let of_x = of_x.map(|values| tensor(values, x.shape())).transpose()?;
        let of_weight = weight.track_op().then(|| tensor(of_weight, weight.shape()));
        Ok((of_x, of_weight.transpose()?))
    }
}

/// With a bias, or an empty one.
impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, weight) = (elements(x, x_layout)?, elements(weight, weight_layout)?);
        let out = self.run(x, weight, elements(bias, bias_layout)?, &mut |_| {});
        Ok((CpuStorage::F32(out), self.out()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (at, layout) = gradient.storage_and_layout();
        let gradient = elements_of(&at, layout)?;
        let (of_x, of_weight) = self.pull_back(x, weight, &OutGradient::Plain(gradient))?;
        let of_bias = bias.track_op().then(|| {
            let mut of_bias = vec![0.0; bias.elem_count()];
            column_sums(gradient, &mut of_bias);
            tensor(of_bias, bias.shape())
        });
        Ok((of_x, of_weight, of_bias.transpose()?))
    }
}

/// What the forward pass leaves for the backward pass.
struct Saved {
    /// What the convolution gives.
    convolved: Vec<f32>,
    mean: Vec<f32>,
    var: Vec<f32>,
}

/// One call: another one needs an op of its own.
struct ConvNormAct {
    conv: Conv,
    eps: f32,
    act: Activation,
    saved: Arc<OnceLock<Saved>>,
}

impl ConvNormAct {
    fn norm_act<'a>(&self, saved: &'a Saved, learned: Learned<'a>) -> NormAct<'a> {
        let Learned { gamma, beta } = learned;
        let (mean, var) = (&saved.mean[..], &saved.var[..]);
        NormAct { mean, var, eps: self.eps, gamma, beta, act: self.act }
    }
}

/// Of the input, the convolution's weights, and batch norm's scale and shift `[2, channels]`.
impl CustomOp3 for ConvNormAct {
    fn name(&self) -> &'static str {
        "conv2d_norm_act"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        learned: &CpuStorage,
        learned_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, weight) = (elements(x, x_layout)?, elements(weight, weight_layout)?);
        let learned = Learned::new(elements(learned, learned_layout)?);
        let mut statistics = NormStatistics::new(self.conv.shape.out_channels);
        let convolved = self.conv.run(x, weight, &[], &mut |so_far| statistics.advance(so_far));
        let (mean, var) = statistics.finish(&convolved);
        let saved = Saved { convolved, mean, var };
        let mut out = vec![0.0; saved.convolved.len()];
        self.norm_act(&saved, learned).forward(&saved.convolved, &mut out);
        match self.saved.set(saved) {
            Ok(()) => Ok((CpuStorage::F32(out), self.conv.out())),
            Err(_) => Err(Error::Msg("conv2d_norm_act: found a second call of one op".to_owned())),
        }
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        learned: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let saved = self.saved.get().ok_or_else(not_run)?;
        let gradient = gradient.contiguous()?;
        let ((learned_at, learned_layout), (at, layout)) =
            (learned.storage_and_layout(), gradient.storage_and_layout());
        let of_learned = Learned::new(elements_of(&learned_at, learned_layout)?);
        let norm_act = self.norm_act(saved, of_learned);
        let mut norm = norm_act.backward(&saved.convolved, elements_of(&at, layout)?);
        let mut of_learned = std::mem::take(&mut norm.gamma);
        of_learned.append(&mut norm.beta);
        let (of_x, of_weight) = self.conv.pull_back(x, weight, &OutGradient::OfNorm(norm))?;
        let of_learned = learned.track_op().then(|| tensor(of_learned, learned.shape()));
        Ok((of_x, of_weight, of_learned.transpose()?))
    }
}
