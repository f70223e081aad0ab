//! The settings of a training from its arguments.

use training::Optimiser;
use training::fit::FitSettings;

use crate::args_training::{OptimiserKind, RecipeArgs};

impl RecipeArgs {
    /// The settings of a training of `epochs` epochs.
    pub(crate) fn settings(&self, epochs: u64, seed: u64) -> FitSettings {
        FitSettings {
            epochs,
            batch: self.batch,
            train_resolution: self.train_resolution,
            train_stem_stride: self.train_stem_stride,
            optimiser: match self.optimiser {
                OptimiserKind::Sgd => Optimiser::SGD,
                OptimiserKind::Rmsprop => Optimiser::RMSPROP,
            },
            learning_rate: self.learning_rate,
            warm_up_epochs: self.warm_up_epochs,
            weight_decay: self.weight_decay,
            label_smoothing: self.label_smoothing,
            clip_norm: self.clip_norm,
            ema_decay: self.ema,
            cutout: self.cutout,
            seed,
        }
    }
}
