//! Training recipes: optimiser, learning rate schedule and regularisation.

use std::f64::consts::PI;

use candle_core::Var;
use candle_core::backprop::GradStore;
use candle_nn::Optimizer;

use crate::error::TrainingError;
use crate::optim::{RmsProp, RmsPropConfig, Sgd, SgdConfig};

/// An optimiser and its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// [`Sgd`].
    Sgd {
        /// Momentum.
        momentum: f32,
    },
    /// [`RmsProp`].
    RmsProp {
        /// Decay of the moving averages of squared gradients.
        decay: f32,
        /// Momentum.
        momentum: f32,
        /// Epsilon, added to the averages of squared gradients.
        eps: f32,
    },
}

impl Optimiser {
    /// SGD with a momentum of 0.9.
    pub const SGD: Self = Self::Sgd { momentum: 0.9 };
    /// RMSProp as in the released MnasNet and MobileNetV3 code.
    pub const RMSPROP: Self = Self::RmsProp { decay: 0.9, momentum: 0.9, eps: 1e-3 };
}

/// A training recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Optimiser.
    pub optimiser: Optimiser,
    /// Peak learning rate, reached at the end of the warm-up.
    pub learning_rate: f32,
    /// Weight decay of convolutions and linear layers; biases and batch norms do not decay.
    pub weight_decay: f32,
    /// Maximum global norm of the gradients, to which larger ones are clipped.
    pub clip_norm: Option<f32>,
    /// Decay of the exponential moving average of the weights. If it is set, the average is
    /// evaluated.
    pub ema_decay: Option<f32>,
    /// Label smoothing: the share of a target that is spread over all classes (Szegedy et al. 2016,
    /// section 7).
    pub label_smoothing: f32,
    /// Number of warm-up steps, in which the learning rate rises linearly.
    pub warm_up_steps: u64,
    /// Total number of steps; at the end the learning rate is 0.
    pub steps: u64,
}

impl Recipe {
    /// The learning rate of a step, counted from 0: linear warm-up, then cosine decay to 0 (Goyal
    /// et al. 2017; Loshchilov and Hutter 2017).
    pub fn learning_rate_at(&self, step: u64) -> f32 {
        let share = if step < self.warm_up_steps {
            (step + 1) as f64 / self.warm_up_steps as f64
        } else {
            let down = (self.steps.saturating_sub(self.warm_up_steps)).max(1) as f64;
            let elapsed = ((step - self.warm_up_steps) as f64 / down).min(1.0);
            (1.0 + (PI * elapsed).cos()) / 2.0
        };
        (f64::from(self.learning_rate) * share) as f32
    }

    /// # Errors
    /// The first value that is out of range.
    pub(crate) fn check(&self) -> Result<(), TrainingError> {
        let from_0 = |value: f32| (0.0..f32::INFINITY).contains(&value);
        let above_0 = |value: f32| value > 0.0 && value.is_finite();
        let share = |value: f32| (0.0..1.0).contains(&value);
        const FROM_0: &str = "at least 0";
        const ABOVE_0: &str = "above 0";
        const SHARE: &str = "at least 0 and below 1";
        let (momentum, decay, eps) = match self.optimiser {
            Optimiser::Sgd { momentum } => (momentum, 0.0, 1.0),
            Optimiser::RmsProp { decay, momentum, eps } => (momentum, decay, eps),
        };
        let norm = self.clip_norm.unwrap_or(1.0);
        let ema_decay = self.ema_decay.unwrap_or(0.0);
        for (place, value, is_valid, expected) in [
            ("learning_rate", self.learning_rate, above_0(self.learning_rate), ABOVE_0),
            ("weight_decay", self.weight_decay, from_0(self.weight_decay), FROM_0),
            ("clip_norm", norm, above_0(norm), ABOVE_0),
            ("label_smoothing", self.label_smoothing, share(self.label_smoothing), SHARE),
            ("ema_decay", ema_decay, share(ema_decay), SHARE),
            ("momentum", momentum, share(momentum), SHARE),
            ("decay", decay, share(decay), SHARE),
            ("eps", eps, above_0(eps), ABOVE_0),
        ] {
            if !is_valid {
                return Err(TrainingError::setting(place, &value, expected));
            }
        }
        Ok(())
    }
}

/// The optimiser of a recipe between two steps.
#[derive(Debug)]
pub(crate) enum RunningOptimiser {
    Sgd(Sgd),
    RmsProp(RmsProp),
}

impl RunningOptimiser {
    pub(crate) fn new(recipe: &Recipe, vars: Vec<Var>) -> candle_core::Result<Self> {
        let [learning_rate, weight_decay] =
            [recipe.learning_rate, recipe.weight_decay].map(f64::from);
        match recipe.optimiser {
            Optimiser::Sgd { momentum } => {
                let momentum = momentum.into();
                let config = SgdConfig { learning_rate, momentum, weight_decay };
                Ok(Self::Sgd(Sgd::new(vars, config)?))
            }
            Optimiser::RmsProp { decay, momentum, eps } => {
                let [decay, momentum, eps] = [decay, momentum, eps].map(f64::from);
                let config = RmsPropConfig { learning_rate, decay, momentum, eps, weight_decay };
                Ok(Self::RmsProp(RmsProp::new(vars, config)?))
            }
        }
    }

    pub(crate) fn step(
        &mut self,
        learning_rate: f32,
        gradients: &GradStore,
    ) -> candle_core::Result<()> {
        match self {
            Self::Sgd(sgd) => {
                sgd.set_learning_rate(learning_rate.into());
                sgd.step(gradients)
            }
            Self::RmsProp(rmsprop) => {
                rmsprop.set_learning_rate(learning_rate.into());
                rmsprop.step(gradients)
            }
        }
    }

    /// The optimiser's state by its names in checkpoints, with one variable for each parameter.
    pub(crate) fn state(&self) -> Vec<(&'static str, &[Var])> {
        match self {
            Self::Sgd(sgd) => vec![("velocity", sgd.momentum_buffers())],
            Self::RmsProp(rmsprop) => vec![
                ("velocity", rmsprop.momentum_buffers()),
                ("mean_square", rmsprop.square_avgs()),
            ],
        }
    }
}
