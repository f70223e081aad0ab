//! Batch norm with the activation that follows it, where no convolution comes right before.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use kernels::Activation;
use kernels::training::{NormAct, NormStatistics, activation_backward};

use super::elements::{Unary, elements, elements_of, map, of_shape, tensor};
use super::types::{BatchNorm, BatchStatistics};

/// Batch norm with the statistics of this batch, which take part in the gradient, and activation; gives
/// the statistics too.
///
/// # Errors
/// A tensor that is no map, or a norm of other channels.
pub fn norm_act(
    x: &Tensor,
    norm: BatchNorm<'_>,
    act: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    const NAME: &str = "norm_act";
    let (x, [batch, height, width, channels]) = map(NAME, "x", x)?;
    let learned = stacked(NAME, norm, channels)?;
    let (mean, var) = {
        let (at, layout) = x.storage_and_layout();
        NormStatistics::new(channels).finish(elements_of(&at, layout)?)
    };
    let vector = |values: &[f32]| tensor(values.to_vec(), channels);
    let count = batch * height * width;
    let statistics = BatchStatistics { mean: vector(&mean)?, var: vector(&var)?, count };
    let op = NormActOp { mean, var, eps: norm.eps, act };
    Ok((x.apply_op2(&learned, op)?, statistics))
}

/// Batch norm with running statistics, `[channels]` each, and activation. Only `x` gets a gradient: what
/// the norm learns is constant here.
///
/// # Errors
/// As for [`norm_act`].
pub fn norm_act_eval(
    x: &Tensor,
    norm: BatchNorm<'_>,
    running_mean: &Tensor,
    running_var: &Tensor,
    act: Activation,
) -> Result<Tensor> {
    const NAME: &str = "norm_act_eval";
    let (x, [.., channels]) = map(NAME, "x", x)?;
    let vector = |input: &str, from: &Tensor| -> Result<Vec<f32>> {
        of_shape(NAME, input, from, &[channels])?.to_vec1()
    };
    let (gamma, beta) = (vector("weight", norm.weight)?, vector("bias", norm.bias)?);
    let (mean, var) = (vector("running_mean", running_mean)?, vector("running_var", running_var)?);
    let eps = norm.eps;
    let scale: Vec<f32> = gamma.iter().zip(&var).map(|(g, var)| g / (var + eps).sqrt()).collect();
    let run = move |act: Activation, x: &[f32], out: &mut [f32]| {
        let (mean, var, gamma, beta) = (&mean[..], &var[..], &gamma[..], &beta[..]);
        NormAct { mean, var, eps, gamma, beta, act }.forward(x, out);
    };
    let normed = run.clone();
    let out = x.shape().clone();
    x.apply_op1(Unary {
        name: NAME,
        out,
        forward: move |x: &[f32], out: &mut [f32]| run(act, x, out),
        backward: move |x: &[f32], gradient: &[f32], to: &mut [f32]| {
            let mut before = vec![0.0; x.len()];
            normed(Activation::Linear, x, &mut before);
            to.copy_from_slice(gradient);
            activation_backward(act, &before, to);
            kernels::scale_channels(to, &scale);
        },
    })
}

/// Scale and shift as one tensor `[2, channels]`, since candle's ops have three inputs at most.
pub(super) fn stacked(op: &str, norm: BatchNorm<'_>, channels: usize) -> Result<Tensor> {
    let weight = of_shape(op, "norm.weight", norm.weight, &[channels])?;
    let bias = of_shape(op, "norm.bias", norm.bias, &[channels])?;
    Tensor::stack(&[weight, bias], 0)
}

/// What [`stacked`] holds.
pub(super) struct Learned<'a> {
    pub(super) gamma: &'a [f32],
    pub(super) beta: &'a [f32],
}

impl<'a> Learned<'a> {
    pub(super) fn new(stacked: &'a [f32]) -> Self {
        let (gamma, beta) = stacked.split_at(stacked.len() / 2);
        Self { gamma, beta }
    }
}

struct NormActOp {
    mean: Vec<f32>,
    var: Vec<f32>,
    eps: f32,
    act: Activation,
}

impl NormActOp {
    fn norm_act<'a>(&'a self, Learned { gamma, beta }: Learned<'a>) -> NormAct<'a> {
        let (mean, var) = (&self.mean[..], &self.var[..]);
        NormAct { mean, var, eps: self.eps, gamma, beta, act: self.act }
    }
}

/// Of the input, and scale and shift `[2, channels]`.
impl CustomOp2 for NormActOp {
    fn name(&self) -> &'static str {
        "norm_act"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        learned: &CpuStorage,
        learned_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, learned) = (elements(x, x_layout)?, elements(learned, learned_layout)?);
        let mut out = vec![0.0; x.len()];
        self.norm_act(Learned::new(learned)).forward(x, &mut out);
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        learned: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let ((x_at, x_layout), (learned_at, learned_layout)) =
            (x.storage_and_layout(), learned.storage_and_layout());
        let (at, layout) = gradient.storage_and_layout();
        let of_learned = Learned::new(elements_of(&learned_at, learned_layout)?);
        let norm_act = self.norm_act(of_learned);
        let x_elements = elements_of(&x_at, x_layout)?;
        let mut norm = norm_act.backward(x_elements, elements_of(&at, layout)?);
        let of_x = x.track_op().then(|| {
            let mut of_x = vec![0.0; x_elements.len()];
            norm.input_gradient(0, &mut of_x);
            tensor(of_x, x.shape())
        });
        let mut of_learned = std::mem::take(&mut norm.gamma);
        of_learned.append(&mut norm.beta);
        let of_learned = learned.track_op().then(|| tensor(of_learned, learned.shape()));
        Ok((of_x.transpose()?, of_learned.transpose()?))
    }
}
