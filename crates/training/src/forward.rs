//! The forward pass of a network and the update of its running statistics.

use std::sync::atomic::Ordering;

use candle_core::{Result, Tensor, Var};
use candle_nn::ModuleT;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::model::{Backend, Model};
use crate::ops::{BatchNorm, BatchStatistics};
use crate::units::{NormAct, Unit, UnitOp};
use crate::{ops, stock};

/// Whether a pass is for training or for inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Batch norms use the statistics of the batch, dropout is active, and gradients are tracked.
    Training {
        /// Random stream of the dropout masks, a different one for each pass.
        stream: u64,
    },
    /// Batch norms use the statistics of the batch, dropout is inactive, and gradients are not tracked.
    Statistics,
    /// Batch norms use their running statistics, dropout is inactive, and gradients are not tracked.
    Inference,
}

/// Calls the function of that name in [`ops`] or [`stock`], whichever the backend uses.
macro_rules! by_backend {
    ($model:expr, $function:ident($($argument:expr),*)) => {
        match $model.backend {
            Backend::Fused => ops::$function($($argument),*),
            Backend::Stock { .. } => stock::$function($($argument),*),
        }
    };
}

impl ModuleT for Model {
    fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        if !train {
            return Ok(self.pass(images, Mode::Inference)?.0);
        }
        let stream = self.batches.fetch_add(1, Ordering::Relaxed) << 32;
        let (logits, statistics) = self.pass(images, Mode::Training { stream })?;
        self.move_statistics(&[statistics], self.graph.norm.momentum)?;
        Ok(logits)
    }
}

impl Model {
    /// Returns the logits `[batch, classes]` and, in training, the statistics of all batch norms in
    /// order.
    pub(crate) fn pass(
        &self,
        images: &Tensor,
        mode: Mode,
    ) -> Result<(Tensor, Vec<BatchStatistics>)> {
        let mut statistics = Vec::new();
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(self.units.len());
        let mut logits = images.clone();
        for (index, unit) in self.units.iter().enumerate() {
            let inputs: Vec<&Tensor> =
                unit.inputs.iter().filter_map(|&i| values[i].as_ref()).collect();
            logits = self.unit(unit, images, &inputs, mode, &mut statistics)?;
            for &input in &unit.inputs {
                if self.units[input].last_reader == index {
                    values[input] = None;
                }
            }
            values.push(Some(logits.clone()));
        }
        Ok((logits.flatten_from(1)?, statistics))
    }

    fn unit(
        &self,
        unit: &Unit,
        images: &Tensor,
        inputs: &[&Tensor],
        mode: Mode,
        statistics: &mut Vec<BatchStatistics>,
    ) -> Result<Tensor> {
        let x = inputs.first().copied().unwrap_or(images);
        match &unit.op {
            UnitOp::Input => {
                let shape = self.graph.input();
                let image = [shape.resolution, shape.resolution, shape.channels];
                if images.rank() != 4 || images.dims()[1..] != image {
                    let (found, [height, width, channels]) = (images.dims(), image);
                    candle_core::bail!(
                        "images: found {found:?}; expected: [batch, {height}, {width}, {channels}]"
                    );
                }
                Ok(images.clone())
            }
            UnitOp::Conv { conv, weight, bias, norm } => {
                let bias = bias.as_ref().map(|bias| seen(bias, mode));
                let weight = seen(weight, mode);
                match norm {
                    Some(norm) if mode != Mode::Inference => {
                        let [gamma, beta] = [&norm.weight, &norm.bias].map(|var| seen(var, mode));
                        let learned = self.learned(&gamma, &beta);
                        let (y, of_batch) = by_backend!(
                            self,
                            conv2d_norm_act(x, &weight, *conv, learned, norm.act)
                        )?;
                        statistics.push(of_batch);
                        Ok(y)
                    }
                    norm => {
                        let y = by_backend!(self, conv2d(x, &weight, bias.as_ref(), *conv))?;
                        match norm {
                            Some(norm) => self.norm_eval(&y, norm),
                            None => Ok(y),
                        }
                    }
                }
            }
            UnitOp::Norm(norm) if mode == Mode::Inference => self.norm_eval(x, norm),
            UnitOp::Norm(norm) => {
                let [gamma, beta] = [&norm.weight, &norm.bias].map(|var| seen(var, mode));
                let learned = self.learned(&gamma, &beta);
                let (y, of_batch) = by_backend!(self, norm_act(x, learned, norm.act))?;
                statistics.push(of_batch);
                Ok(y)
            }
            UnitOp::Act(act) => by_backend!(self, activation(x, *act)),
            UnitOp::MaxPool(pool) => by_backend!(self, max_pool2d(x, *pool)),
            UnitOp::AvgPool(pool) => by_backend!(self, avg_pool2d(x, *pool)),
            UnitOp::GlobalAvgPool => by_backend!(self, global_avg_pool(x)),
            UnitOp::Add => by_backend!(self, add(x, inputs[1])),
            UnitOp::Multiply => by_backend!(self, multiply(x, inputs[1])),
            UnitOp::Concat => by_backend!(self, concat(inputs)),
            UnitOp::Split { start, channels } => by_backend!(self, split(x, *start, *channels)),
            UnitOp::Shuffle { groups } => by_backend!(self, channel_shuffle(x, *groups)),
            UnitOp::Dropout { p, place } => match mode {
                Mode::Statistics | Mode::Inference => Ok(x.clone()),
                Mode::Training { stream } => x.mul(&self.mask(x, *p, *place, stream)?),
            },
        }
    }

    fn learned<'a>(&self, weight: &'a Tensor, bias: &'a Tensor) -> BatchNorm<'a> {
        BatchNorm { weight, bias, eps: self.graph.norm.eps }
    }

    fn norm_eval(&self, x: &Tensor, norm: &NormAct) -> Result<Tensor> {
        let [weight, bias, mean, var] =
            [&norm.weight, &norm.bias, &norm.running_mean, &norm.running_var]
                .map(Var::as_detached_tensor);
        let learned = self.learned(&weight, &bias);
        by_backend!(self, norm_act_eval(x, learned, &mean, &var, norm.act))
    }

    /// A dropout mask: factors of 0 or 1 / (1 - p), the same for the same `place` and `stream`.
    fn mask(&self, x: &Tensor, p: f32, place: u64, stream: u64) -> Result<Tensor> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(place));
        rng.set_stream(stream);
        let kept = 1.0 / (1.0 - p);
        let mut factor = || if rng.random::<f32>() < p { 0.0 } else { kept };
        let mask: Vec<f32> = (0..x.elem_count()).map(|_| factor()).collect();
        self.backend.tensor(&mask, x.dims())
    }

    /// The cross-entropy, -target x log softmax(logits), summed over all images.
    pub(crate) fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        by_backend!(self, cross_entropy(logits, targets))
    }

    /// Moves the running statistics towards the mean of the shards' means and unbiased variances.
    /// With a momentum of 1 they become these means.
    pub(crate) fn move_statistics(
        &self,
        shards: &[Vec<BatchStatistics>],
        momentum: f32,
    ) -> Result<()> {
        let momentum = f64::from(momentum);
        let share = f64::from(1.0 / shards.len() as f32);
        let norms = self.units.iter().filter_map(|unit| match &unit.op {
            UnitOp::Norm(norm) | UnitOp::Conv { norm: Some(norm), .. } => Some(norm),
            _ => None,
        });
        for (index, norm) in norms.enumerate() {
            let (mut mean, mut var) =
                (norm.running_mean.zeros_like()?, norm.running_var.zeros_like()?);
            for of_batch in shards.iter().map(|shard| &shard[index]) {
                let unbiased = of_batch.count as f32 / (of_batch.count - 1).max(1) as f32;
                mean = (mean + of_batch.mean.affine(share, 0.0)?)?;
                let unbiased = of_batch.var.affine(f64::from(unbiased), 0.0)?;
                var = (var + unbiased.affine(share, 0.0)?)?;
            }
            for (running, now) in [(&norm.running_mean, mean), (&norm.running_var, var)] {
                let running_now = running.as_detached_tensor();
                let step = (now - &running_now)?.affine(momentum, 0.0)?;
                running.set(&(running_now + step)?)?;
            }
        }
        Ok(())
    }
}

/// A variable as a pass reads it: detached unless it is trained.
fn seen(var: &Var, mode: Mode) -> Tensor {
    match mode {
        Mode::Training { .. } => var.as_tensor().clone(),
        Mode::Statistics | Mode::Inference => var.as_detached_tensor(),
    }
}
