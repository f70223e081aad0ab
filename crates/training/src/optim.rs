//! Optimisers for candle and the moving average of weights.
//!
//! Weight decay applies to variables of two or more dimensions, which are the weights of
//! convolutions and linear layers, and not to biases and batch norms (timm's
//! `param_groups_weight_decay`).

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, InplaceOp3, Layout, Result, Tensor, Var};
use candle_nn::Optimizer;

use crate::ops::elements::{elements, elements_mut};

/// Settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// Learning rate.
    pub learning_rate: f64,
    /// Momentum.
    pub momentum: f64,
    /// Weight decay: this factor times the weights is added to their gradients.
    pub weight_decay: f64,
}

/// Stochastic gradient descent with Nesterov momentum, as in PyTorch's `SGD(nesterov=True)`.
#[derive(Debug)]
pub struct Sgd {
    vars: Vec<Var>,
    momentum_buffers: Vec<Var>,
    config: SgdConfig,
}

impl Sgd {
    /// Decayed sums of past gradients, one buffer for each variable.
    pub fn momentum_buffers(&self) -> &[Var] {
        &self.momentum_buffers
    }
}

impl Optimizer for Sgd {
    type Config = SgdConfig;

    fn new(vars: Vec<Var>, config: SgdConfig) -> Result<Self> {
        let momentum_buffers = filled(&vars, 0.0)?;
        Ok(Self { vars, momentum_buffers, config })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let SgdConfig { learning_rate, momentum, .. } = self.config;
        let (rate, m) = (learning_rate as f32, momentum as f32);
        for (weights, buffer) in self.vars.iter().zip(&self.momentum_buffers) {
            let Some(gradient) = gradients.get(weights) else { continue };
            let decay = decay(weights, self.config.weight_decay);
            let d = decay as f32;
            update(
                buffer,
                [weights, gradient],
                |b, w, g| m * b + (g + d * w),
                |b, w, g| (b * momentum)? + decayed(w, g, decay)?,
            )?;
            update(
                weights,
                [gradient, buffer],
                |w, g, b| w - rate * ((g + d * w) + m * b),
                |w, g, b| w - ((decayed(w, g, decay)? + (b * momentum)?)? * learning_rate)?,
            )?;
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }
}

/// Settings of [`RmsProp`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropConfig {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the moving averages of squared gradients (PyTorch's `alpha`).
    pub decay: f64,
    /// Momentum.
    pub momentum: f64,
    /// Epsilon, added to the averages of squared gradients.
    pub eps: f64,
    /// Weight decay: this factor times the weights is added to their gradients.
    pub weight_decay: f64,
}

/// RMSProp in TensorFlow's form, which the papers use: eps is inside the square root, the momentum
/// buffers include the learning rate, and the averages of squared gradients start at 1 (timm's
/// `RMSpropTF`).
#[derive(Debug)]
pub struct RmsProp {
    vars: Vec<Var>,
    momentum_buffers: Vec<Var>,
    square_avgs: Vec<Var>,
    config: RmsPropConfig,
}

impl RmsProp {
    /// Decayed sums of past steps, one buffer for each variable.
    pub fn momentum_buffers(&self) -> &[Var] {
        &self.momentum_buffers
    }

    /// Moving averages of squared gradients, one for each variable.
    pub fn square_avgs(&self) -> &[Var] {
        &self.square_avgs
    }
}

impl Optimizer for RmsProp {
    type Config = RmsPropConfig;

    fn new(vars: Vec<Var>, config: RmsPropConfig) -> Result<Self> {
        let (momentum_buffers, square_avgs) = (filled(&vars, 0.0)?, filled(&vars, 1.0)?);
        Ok(Self { vars, momentum_buffers, square_avgs, config })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let RmsPropConfig { learning_rate, decay: past, momentum, eps, weight_decay } = self.config;
        let [rate, m, e, now] =
            [learning_rate as f32, momentum as f32, eps as f32, 1.0 - past as f32];
        let buffers = self.momentum_buffers.iter().zip(&self.square_avgs);
        for (weights, (buffer, square_avg)) in self.vars.iter().zip(buffers) {
            let Some(gradient) = gradients.get(weights) else { continue };
            let gradient = &match decay(weights, weight_decay) {
                0.0 => gradient.clone(),
                decay => decayed(weights, gradient, decay)?,
            };
            update(
                square_avg,
                [gradient, gradient],
                |s, g, _| s + now * (g * g - s),
                |s, g, _| s + ((g.sqr()? - s)? * (1.0 - past))?,
            )?;
            update(
                buffer,
                [gradient, square_avg],
                |b, g, s| m * b + rate * g / (s + e).sqrt(),
                |b, g, s| (b * momentum)? + ((g * learning_rate)? / (s + eps)?.sqrt()?)?,
            )?;
            update(weights, [buffer, buffer], |w, b, _| w - b, |w, b, _| w - b)?;
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }
}

/// Updates an exponential moving average: `average = decay x average + (1 - decay) x values`.
///
/// # Errors
/// Tensors of different shapes.
pub fn ema(average: &Var, values: &Tensor, decay: f32) -> Result<()> {
    let now = 1.0 - decay;
    update(
        average,
        [values, values],
        |a, v, _| a + now * (v - a),
        |a, v, _| a + ((v - a)? * f64::from(now))?,
    )
}

/// The factor that clips the global norm of the gradients to `clip_norm`; 1 if the norm is below it.
///
/// # Errors
/// Errors of the device.
pub fn clip_factor(gradients: &[Tensor], clip_norm: f32) -> Result<f32> {
    let square = |g: &Tensor| g.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>();
    // An empty sum is -0.0.
    let norm = gradients.iter().map(square).sum::<Result<f64>>()?.sqrt().abs();
    Ok((f64::from(clip_norm) / norm).min(1.0) as f32)
}

fn filled(vars: &[Var], value: f64) -> Result<Vec<Var>> {
    vars.iter().map(|var| Var::from_tensor(&var.zeros_like()?.affine(0.0, value)?)).collect()
}

fn decay(weights: &Var, weight_decay: f64) -> f64 {
    if weights.rank() > 1 { weight_decay } else { 0.0 }
}

fn decayed(weights: &Tensor, gradient: &Tensor, decay: f64) -> Result<Tensor> {
    gradient.detach() + (weights.detach() * decay)?
}

/// Sets `to` to a function of itself and two other tensors: in place, element by element, for f32
/// on the CPU, and with candle's own ops otherwise.
fn update(
    to: &Var,
    [a, b]: [&Tensor; 2],
    element: impl Fn(f32, f32, f32) -> f32,
    stock: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>,
) -> Result<()> {
    if to.device().is_cpu() && to.dtype() == DType::F32 {
        return to.inplace_op3(&a.contiguous()?, &b.contiguous()?, &InPlace(element));
    }
    to.set(&stock(&to.as_detached_tensor(), &a.detach(), &b.detach())?)
}

struct InPlace<F>(F);

impl<F: Fn(f32, f32, f32) -> f32> InplaceOp3 for InPlace<F> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(
        &self,
        to: &mut CpuStorage,
        layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<()> {
        let shape = layout.dims();
        if a_layout.dims() != shape || b_layout.dims() != shape {
            let found = [a_layout.dims(), b_layout.dims()];
            candle_core::bail!("update: shapes: found {found:?}; expected: {shape:?}");
        }
        let (a, b) = (elements(a, a_layout)?, elements(b, b_layout)?);
        let to = elements_mut(to, layout)?;
        for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
            *to = (self.0)(*to, a, b);
        }
        Ok(())
    }
}
