//! From arguments to what a run does.

use std::collections::BTreeMap;

use anyhow::Result;
use dataset::{BatchSettings, Dataset, Order};
use search_space::{Network, Weights};
use training::{Backend, Optimiser, Placement, Recipe, Run};

use super::{data, variant};
use crate::args::Global;
use crate::args_training::{OptimiserKind, RecipeArgs, TrainArgs};
use crate::exit::bad_input;
use crate::{load, weights};

/// Of all epochs, where the learning rate rises.
const WARM_UP_SHARE: f64 = 0.05;
/// The maximum decay of the weights' average, that of long runs.
const MAX_EMA_DECAY: f32 = 0.999;
/// The average reaches back over one in so many steps.
const AVERAGED_STEPS: f32 = 50.0;

/// What a run does.
pub(crate) struct Plan {
    /// NET with the data's classes.
    pub(crate) deployed: Network,
    /// Its training variant: the network that is trained.
    pub(crate) variant: Network,
    /// What computes it.
    pub(crate) backend: Backend,
    pub(crate) data: Dataset,
    pub(crate) batches: BatchSettings,
    pub(crate) recipe: Recipe,
    pub(crate) steps_per_epoch: u64,
}

impl Plan {
    pub(crate) fn new(global: &Global, args: &TrainArgs, data: Dataset) -> Result<Self> {
        let backend = args.recipe.device.backend()?;
        let mut deployed = load::network(&args.net)?;
        deployed.classes = data.classes.len();
        data::check(&args.data, &data, &deployed)?;
        deployed.lower().map_err(|error| bad_input(&args.net, error))?;
        let resolution = match args.recipe.train_resolution {
            Some(resolution) => resolution,
            None => data::resolution(&data, &deployed)?,
        };
        if let Some(path) = &args.weights {
            // The weights are of these: a state dict's framework may build the network with others.
            deployed.norm = weights::read(path)?.network.norm;
        }
        let variant =
            variant::of(&args.net, deployed.clone(), resolution, args.recipe.train_stem_stride)?;
        let images = data.train.len();
        if !(1..=images).contains(&args.recipe.batch) {
            let message = format!(
                "found {}; allowed: 1 to {images}, the images to train on",
                args.recipe.batch
            );
            return Err(bad_input("--batch", message));
        }
        if args.epochs == 0 {
            return Err(bad_input("--epochs", "found 0; allowed: 1 and more"));
        }
        let steps_per_epoch = (images / args.recipe.batch) as u64;
        let recipe = recipe(&args.recipe, args.epochs, steps_per_epoch)?;
        let batches = BatchSettings {
            batch: args.recipe.batch,
            resolution,
            augment: data::augment(&args.data, resolution, args.recipe.cutout)?,
            order: Order::Shuffled,
            seed: global.seed,
        };
        Ok(Self { deployed, variant, backend, data, batches, recipe, steps_per_epoch })
    }

    /// The run before its first step.
    pub(crate) fn start(&self, global: &Global, args: &TrainArgs) -> Result<Run> {
        let graph = self.variant.lower().map_err(|error| bad_input(&args.net, error))?;
        let placement =
            Placement { backend: self.backend.clone(), threads: global.training_threads() };
        let run = Run::new(&graph, self.recipe, placement, global.seed);
        let mut run = run.map_err(|error| bad_input("recipe", error))?;
        if let Some(path) = &args.weights {
            let (network, mut from) = weights::fit(path, &self.variant)?;
            if network.classes != self.variant.classes {
                let mut fresh: Weights = run.result().to_weights()?;
                if let (Some(to), Some(classifier)) = (from.nodes.last_mut(), fresh.nodes.pop()) {
                    *to = classifier;
                }
            }
            run.start_from(&from).map_err(|error| bad_input(path.display(), error))?;
        }
        Ok(run)
    }

    /// What decides every weight: a run goes on only with the same.
    pub(crate) fn settings(&self, args: &TrainArgs) -> BTreeMap<String, String> {
        let Recipe { optimiser, learning_rate, weight_decay, label_smoothing, .. } = self.recipe;
        let option = |value: Option<f32>| value.map_or("none".to_owned(), |v| v.to_string());
        let device = &args.recipe.device.device;
        let other_device = (device != "cpu").then(|| ("device".to_owned(), device.clone()));
        let weights =
            args.weights.as_ref().map_or("random".to_owned(), |w| w.display().to_string());
        [
            ("network", self.variant.to_ron()),
            ("data", args.data.clone()),
            ("images", format!("{:016x}", self.data.train.fingerprint())),
            ("augmentation", format!("{:?}", self.batches.augment)),
            ("batch", self.batches.batch.to_string()),
            ("epochs", args.epochs.to_string()),
            ("seed", self.batches.seed.to_string()),
            ("optimiser", format!("{optimiser:?}")),
            ("learning_rate", learning_rate.to_string()),
            ("weight_decay", weight_decay.to_string()),
            ("label_smoothing", label_smoothing.to_string()),
            ("clip_norm", option(self.recipe.clip_norm)),
            ("ema", option(self.recipe.ema_decay)),
            ("warm_up_steps", self.recipe.warm_up_steps.to_string()),
            ("weights", weights),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(other_device)
        .collect()
    }
}

fn recipe(args: &RecipeArgs, epochs: u64, steps_per_epoch: u64) -> Result<Recipe> {
    let batch = args.batch as f32;
    let (optimiser, learning_rate, weight_decay) = match args.optimiser {
        OptimiserKind::Sgd => (Optimiser::SGD, 0.1 * batch / 128.0, 5e-4),
        OptimiserKind::Rmsprop => (Optimiser::RMSPROP, 0.016 * batch / 256.0, 1e-5),
    };
    let warm_up_epochs = args.warm_up_epochs.unwrap_or(WARM_UP_SHARE * epochs as f64);
    if !(0.0..=epochs as f64).contains(&warm_up_epochs) {
        let message = format!("found {warm_up_epochs}; allowed: 0 to {epochs}, all of them");
        return Err(bad_input("--warm-up-epochs", message));
    }
    let steps = epochs * steps_per_epoch;
    let default_ema = MAX_EMA_DECAY.min((1.0 - AVERAGED_STEPS / steps as f32).max(0.0));
    Ok(Recipe {
        optimiser,
        learning_rate: args.learning_rate.unwrap_or(learning_rate),
        weight_decay: args.weight_decay.unwrap_or(weight_decay),
        clip_norm: args.clip_norm,
        ema_decay: Some(args.ema.unwrap_or(default_ema)).filter(|&decay| decay != 0.0),
        label_smoothing: args.label_smoothing,
        warm_up_steps: (warm_up_epochs * steps_per_epoch as f64).round() as u64,
        steps,
    })
}
