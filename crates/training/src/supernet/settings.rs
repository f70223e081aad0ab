//! The settings of a supernet's training.

use super::paths::PathSampling;
use crate::error::TrainingError;
use crate::recipe::{Optimiser, Recipe};

/// More epochs are taken for a typing error.
const MAX_EPOCHS: f64 = 1e6;
/// Weight decay of the shared weights.
const WEIGHT_DECAY: f32 = 4e-5;
/// The share of the updates in which the learning rate rises.
const WARM_UP_SHARE: f64 = 0.05;

/// The settings of a supernet's training. What is `None` has a default that follows from the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct SupernetSettings {
    /// Number of epochs, which need not be whole. In each, every image is in one update and passes
    /// through all of its paths.
    pub epochs: f64,
    /// How the paths of an update are chosen.
    pub paths: PathSampling,
    /// Batch size: images per update.
    pub batch: usize,
    /// Height and width of the images. By default those of the space, but at most those of the
    /// images.
    pub train_resolution: Option<usize>,
    /// Stride of the first convolution. By default that of the space.
    pub train_stem_stride: Option<usize>,
    /// Peak learning rate. By default 0.1 x batch / 128.
    pub learning_rate: Option<f32>,
    /// Maximum global norm of the gradients, to which larger ones are clipped; `None` turns clipping
    /// off.
    pub clip_norm: Option<f32>,
    /// Seed of the initial weights, the batches and the paths.
    pub seed: u64,
}

impl Default for SupernetSettings {
    fn default() -> Self {
        Self {
            epochs: 10.0,
            paths: PathSampling::StrictlyFair,
            batch: 64,
            train_resolution: None,
            train_stem_stride: None,
            learning_rate: None,
            clip_norm: Some(5.0),
            seed: 0,
        }
    }
}

impl SupernetSettings {
    /// The recipe of a training with so many updates in an epoch: SGD, warm-up and cosine decay as in
    /// a training of a network, but without label smoothing and moving average. Its steps are the
    /// updates, at least one.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no epochs, or too many.
    pub fn recipe(&self, updates_per_epoch: u64) -> Result<Recipe, TrainingError> {
        if !(self.epochs > 0.0 && self.epochs <= MAX_EPOCHS) {
            let expected = format!("above 0, at most {MAX_EPOCHS}");
            return Err(TrainingError::setting("epochs", &self.epochs, expected));
        }
        let updates = (self.epochs * updates_per_epoch as f64).round().max(1.0);
        Ok(Recipe {
            optimiser: Optimiser::SGD,
            learning_rate: self.learning_rate.unwrap_or(0.1 * self.batch as f32 / 128.0),
            weight_decay: WEIGHT_DECAY,
            clip_norm: self.clip_norm,
            ema_decay: None,
            label_smoothing: 0.0,
            warm_up_steps: (WARM_UP_SHARE * updates).round() as u64,
            steps: updates as u64,
        })
    }
}
