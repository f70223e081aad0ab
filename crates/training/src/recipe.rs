//! How a network is trained.

use std::f64::consts::PI;

use kernels::training::{Momentum, RmsProp, Sgd, rmsprop_step, sgd_step};

use crate::error::TrainingError;
use crate::model::{Decay, Parameter};

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// Stochastic gradient descent with Nesterov's momentum, in PyTorch's form.
    Sgd {
        /// Of the velocity.
        momentum: f32,
    },
    /// TensorFlow's form, which the papers use.
    RmsProp {
        /// Weight of the past in the mean square.
        decay: f32,
        /// Of the velocity.
        momentum: f32,
        /// Added to the mean square.
        eps: f32,
    },
}

impl Optimiser {
    /// Momentum 0.9.
    pub const SGD: Self = Self::Sgd { momentum: 0.9 };
    /// As in the released MnasNet and MobileNetV3 code.
    pub const RMSPROP: Self = Self::RmsProp { decay: 0.9, momentum: 0.9, eps: 1e-3 };
}

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// How gradients become steps.
    pub optimiser: Optimiser,
    /// The highest, at the end of the warm-up.
    pub learning_rate: f32,
    /// Times the weights of convolutions and linear layers; not of biases and batch norms.
    pub weight_decay: f32,
    /// What the norm over all gradients is cut down to.
    pub largest_norm: Option<f32>,
    /// Decay of the moving average of the weights, which is what is evaluated then.
    pub average_decay: Option<f32>,
    /// Share of a target that is spread over all classes (Szegedy et al. 2016, section 7).
    pub label_smoothing: f32,
    /// Steps in which the learning rate rises.
    pub warm_up_steps: u64,
    /// Steps in all; at the end the learning rate is 0.
    pub steps: u64,
}

impl Recipe {
    /// The learning rate of a step, from 0: a straight line up, then half a cosine down (Goyal et
    /// al. 2017; Loshchilov and Hutter 2017).
    pub fn learning_rate_at(&self, step: u64) -> f32 {
        let share = if step < self.warm_up_steps {
            (step + 1) as f64 / self.warm_up_steps as f64
        } else {
            let down = (self.steps.saturating_sub(self.warm_up_steps)).max(1) as f64;
            let gone = ((step - self.warm_up_steps) as f64 / down).min(1.0);
            (1.0 + (PI * gone).cos()) / 2.0
        };
        (f64::from(self.learning_rate) * share) as f32
    }

    /// # Errors
    /// The first value that cannot be.
    pub(crate) fn check(&self) -> Result<(), TrainingError> {
        let from_0 = |value: f32| (0.0..f32::INFINITY).contains(&value);
        let above_0 = |value: f32| value > 0.0 && value.is_finite();
        let share = |value: f32| (0.0..1.0).contains(&value);
        const FROM_0: &str = "0 and above";
        const ABOVE_0: &str = "above 0";
        const SHARE: &str = "0 up to, but not, 1";
        let (momentum, decay, eps) = match self.optimiser {
            Optimiser::Sgd { momentum } => (momentum, 0.0, 1.0),
            Optimiser::RmsProp { decay, momentum, eps } => (momentum, decay, eps),
        };
        let norm = self.largest_norm.unwrap_or(1.0);
        for (place, value, is_allowed, allowed) in [
            ("learning rate", self.learning_rate, above_0(self.learning_rate), ABOVE_0),
            ("weight decay", self.weight_decay, from_0(self.weight_decay), FROM_0),
            ("largest norm", norm, above_0(norm), ABOVE_0),
            ("label smoothing", self.label_smoothing, share(self.label_smoothing), SHARE),
            ("average decay", self.average(), share(self.average()), SHARE),
            ("momentum", momentum, share(momentum), SHARE),
            ("decay", decay, share(decay), SHARE),
            ("eps", eps, above_0(eps), ABOVE_0),
        ] {
            if !is_allowed {
                return Err(TrainingError::Setting { place, found: value.to_string(), allowed });
            }
        }
        Ok(())
    }

    fn average(&self) -> f32 {
        self.average_decay.unwrap_or(0.0)
    }
}

/// What an optimiser remembers, one tensor for each parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OptimiserState {
    pub(crate) velocities: Vec<Vec<f32>>,
    /// Empty for SGD.
    pub(crate) mean_squares: Vec<Vec<f32>>,
}

impl OptimiserState {
    pub(crate) fn new(optimiser: Optimiser, parameters: &[Parameter]) -> Self {
        let filled = |value: f32| parameters.iter().map(move |p| vec![value; p.values.len()]);
        let mean_squares = match optimiser {
            Optimiser::Sgd { .. } => Vec::new(),
            // TensorFlow's start: the first steps are small.
            Optimiser::RmsProp { .. } => filled(1.0).collect(),
        };
        Self { velocities: filled(0.0).collect(), mean_squares }
    }

    pub(crate) fn step(
        &mut self,
        recipe: &Recipe,
        learning_rate: f32,
        parameters: &mut [Parameter],
        gradients: &[Vec<f32>],
    ) {
        let tensors = parameters.iter_mut().zip(gradients).zip(&mut self.velocities);
        for (index, ((parameter, gradient), velocity)) in tensors.enumerate() {
            let weight_decay = match parameter.decay {
                Decay::Applies => recipe.weight_decay,
                Decay::None => 0.0,
            };
            let weights = &mut parameter.values;
            match recipe.optimiser {
                Optimiser::Sgd { momentum } => {
                    let sgd = Sgd { learning_rate, momentum: Momentum::Nesterov(momentum) };
                    sgd_step(&sgd, weight_decay, weights, gradient, velocity);
                }
                Optimiser::RmsProp { decay, momentum, eps } => {
                    let settings = RmsProp { learning_rate, decay, momentum, eps };
                    let square = &mut self.mean_squares[index];
                    rmsprop_step(&settings, weight_decay, weights, gradient, square, velocity);
                }
            }
        }
    }
}
