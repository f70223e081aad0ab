//! The settings of a training, and the recipe that follows from them.

use crate::error::TrainingError;
use crate::recipe::{Optimiser, Recipe};

/// A larger number of epochs is taken for a typing error.
const MAX_EPOCHS: u64 = 1_000_000;
/// The default share of warm-up epochs.
const WARM_UP_SHARE: f64 = 0.05;
/// The maximum default decay of the moving average of the weights, which long trainings have.
const MAX_EMA_DECAY: f32 = 0.999;
/// By default, the moving average reaches back over at most one in this many steps.
const AVERAGED_STEPS: f32 = 50.0;

/// The settings of a training. What is `None` has a default that follows from the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct FitSettings {
    /// Number of epochs.
    pub epochs: u64,
    /// Batch size: images per step.
    pub batch: usize,
    /// Height and width of the images in training. By default those of the network, but at most
    /// those of the images.
    pub train_resolution: Option<usize>,
    /// Stride of the first convolution in training. By default that of the network.
    pub train_stem_stride: Option<usize>,
    /// Optimiser.
    pub optimiser: Optimiser,
    /// Peak learning rate. By default 0.1 x batch / 128 with SGD and 0.016 x batch / 256 with
    /// RMSProp.
    pub learning_rate: Option<f32>,
    /// Number of warm-up epochs. By default a twentieth of all epochs.
    pub warm_up_epochs: Option<f64>,
    /// Weight decay, not applied to biases and batch norms. By default 5e-4 with SGD and 1e-5 with
    /// RMSProp.
    pub weight_decay: Option<f32>,
    /// Label smoothing: the share of a target that is spread over all classes.
    pub label_smoothing: f32,
    /// Maximum global norm of the gradients, to which larger ones are clipped; `None` turns
    /// clipping off.
    pub clip_norm: Option<f32>,
    /// Decay of the exponential moving average of the weights, which is what is saved; 0 turns it
    /// off. By default 0.999, or less if the average would reach back over more than a fiftieth of
    /// all steps.
    pub ema_decay: Option<f32>,
    /// Cutout: side of the square that is blanked in every image, in pixels; `None` turns it off.
    pub cutout: Option<usize>,
    /// Seed of the initial weights and of the batches.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch: 64,
            train_resolution: None,
            train_stem_stride: None,
            optimiser: Optimiser::SGD,
            learning_rate: None,
            warm_up_epochs: None,
            weight_decay: None,
            label_smoothing: 0.1,
            clip_norm: None,
            ema_decay: None,
            cutout: None,
            seed: 0,
        }
    }
}

impl FitSettings {
    /// The recipe of a training with `steps_per_epoch` steps in an epoch.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no epochs or too many, or a negative number of warm-up epochs or more than
    /// there are epochs.
    pub fn recipe(&self, steps_per_epoch: u64) -> Result<Recipe, TrainingError> {
        let epochs = self.epochs;
        if !(1..=MAX_EPOCHS).contains(&epochs) {
            let expected = format!("1 to {MAX_EPOCHS}");
            return Err(TrainingError::setting("epochs", &epochs, expected));
        }
        let batch = self.batch as f32;
        let (learning_rate, weight_decay) = match self.optimiser {
            Optimiser::Sgd { .. } => (0.1 * batch / 128.0, 5e-4),
            Optimiser::RmsProp { .. } => (0.016 * batch / 256.0, 1e-5),
        };
        let warm_up_epochs = self.warm_up_epochs.unwrap_or(WARM_UP_SHARE * epochs as f64);
        if !(0.0..=epochs as f64).contains(&warm_up_epochs) {
            let expected = format!("0 to {epochs}, the number of epochs");
            return Err(TrainingError::setting("warm_up_epochs", &warm_up_epochs, expected));
        }
        let steps = epochs.saturating_mul(steps_per_epoch);
        let default_ema = MAX_EMA_DECAY.min((1.0 - AVERAGED_STEPS / steps as f32).max(0.0));
        Ok(Recipe {
            optimiser: self.optimiser,
            learning_rate: self.learning_rate.unwrap_or(learning_rate),
            weight_decay: self.weight_decay.unwrap_or(weight_decay),
            clip_norm: self.clip_norm,
            ema_decay: Some(self.ema_decay.unwrap_or(default_ema)).filter(|&decay| decay != 0.0),
            label_smoothing: self.label_smoothing,
            warm_up_steps: (warm_up_epochs * steps_per_epoch as f64).round() as u64,
            steps,
        })
    }
}
