//! A training of a supernet between two updates.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::{BatchSettings, Samples, batches};
use kernels::training::smoothed_targets;
use search_space::{Genotype, SearchSpace};

use super::gradients::Passes;
use super::paths::{PathSampling, Paths};
use super::store::Supernet;
use crate::checkpoint::{Checkpoint, State};
use crate::error::TrainingError;
use crate::model::{NamedVar, Placement};
use crate::recipe::{Recipe, RunningOptimiser};

/// A training of a supernet between two updates. An update adds up the gradients of several paths
/// on one batch, see [`PathSampling`], and takes one step of the optimiser, which leaves
/// tensors alone that no path uses.
#[derive(Debug)]
pub struct SupernetRun {
    supernet: Supernet,
    optimiser: RunningOptimiser,
    recipe: Recipe,
    paths: Paths,
    placement: Placement,
    seed: u64,
    update: u64,
    epoch_loss: f64,
}

impl SupernetRun {
    /// A training that starts from random weights. The steps of the recipe are updates; its moving
    /// average is not used.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no threads, or a value of the recipe that is out of range.
    /// [`TrainingError::Invalid`]: a space in which hardly any networks can be computed.
    pub fn new(
        space: &SearchSpace,
        recipe: Recipe,
        sampling: PathSampling,
        placement: Placement,
        seed: u64,
    ) -> Result<Self, TrainingError> {
        recipe.check()?;
        if placement.threads == 0 {
            return Err(TrainingError::no_threads());
        }
        let supernet = Supernet::new(space, seed)?;
        let vars = supernet.tensors().iter().map(|tensor| tensor.var.clone()).collect();
        let optimiser = RunningOptimiser::new(&recipe, vars)?;
        let paths = Paths::new(space, sampling)?;
        Ok(Self { supernet, optimiser, recipe, paths, placement, seed, update: 0, epoch_loss: 0.0 })
    }

    /// The weights.
    pub fn supernet(&self) -> &Supernet {
        &self.supernet
    }

    /// The weights, without the state of the training.
    pub fn into_supernet(self) -> Supernet {
        self.supernet
    }

    /// Number of updates so far.
    pub fn updates_done(&self) -> u64 {
        self.update
    }

    /// Learning rate of the next update.
    pub fn learning_rate(&self) -> f32 {
        self.recipe.learning_rate_at(self.update)
    }

    /// The paths of the next update.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] or [`TrainingError::Invalid`]: a space in which hardly any networks
    /// can be computed.
    pub fn next_paths(&self) -> Result<Vec<Genotype>, TrainingError> {
        self.paths.of(self.supernet.space(), self.seed, self.update)
    }

    /// Takes one update on a batch of images `[batch, height, width, channels]` and their classes.
    /// Returns the loss before it, the mean over the images and the paths.
    ///
    /// # Errors
    /// Images or labels that do not fit the space; a loss that is not finite.
    pub fn step(&mut self, images: &[f32], labels: &[u32]) -> Result<f64, TrainingError> {
        let classes = self.supernet.space().classes;
        if let Some(&label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let targets = smoothed_targets(&labels, classes, self.recipe.label_smoothing);
        let paths = self.next_paths()?;
        let passes = Passes { seed: self.seed, first: self.update * paths.len() as u64 };
        let batch = (images, &targets[..]);
        let gradients = self.supernet.loss_and_gradients(&paths, batch, passes, &self.placement)?;
        let loss = gradients.loss;
        let learning_rate = self.learning_rate();
        if !loss.is_finite() {
            let (step, what) = (self.update, "the loss is");
            return Err(TrainingError::Diverged { step, learning_rate, what });
        }
        let factor = self.recipe.clip_norm.map_or(1.0, |norm| gradients.clip_factor(norm));
        let gradients = gradients.into_store(&self.supernet, factor)?;
        self.optimiser.step(learning_rate, &gradients)?;
        self.update += 1;
        Ok(loss)
    }

    /// Takes the remaining updates of the current epoch. `on_update` is called after each one with
    /// its loss. Returns the mean loss, or `None` if it breaks before the last update.
    ///
    /// # Errors
    /// As for [`SupernetRun::step`]; images that cannot be read.
    pub fn epoch(
        &mut self,
        samples: &Arc<Samples>,
        settings: &BatchSettings,
        mut on_update: impl FnMut(&Self, f64) -> Result<ControlFlow<()>, TrainingError>,
    ) -> Result<Option<f64>, TrainingError> {
        let updates = (samples.len() / settings.batch.max(1)).max(1) as u64;
        let (epoch, done) = (self.update / updates, self.update % updates);
        if done == 0 {
            self.epoch_loss = 0.0;
        }
        for batch in batches(samples, settings, epoch)?.skip(done as usize) {
            let batch = batch?;
            let loss = self.step(&batch.images, &batch.labels)?;
            self.epoch_loss += loss;
            let is_last = self.update.is_multiple_of(updates);
            if on_update(self, loss)?.is_break() && !is_last {
                return Ok(None);
            }
        }
        Ok(Some(self.epoch_loss / updates as f64))
    }

    /// The bytes of a checkpoint. `settings` describes the settings of the training, so that they
    /// can be compared before it is resumed.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn checkpoint(&self, settings: &str) -> Result<Vec<u8>, TrainingError> {
        let state = State {
            settings: settings.to_owned(),
            step: self.update,
            batches: self.update,
            epoch_loss_bits: self.epoch_loss.to_bits(),
        };
        state.with(&self.slots())
    }

    /// Resumes from a checkpoint of a training of the same space with the same optimiser.
    ///
    /// # Errors
    /// [`TrainingError::OtherNetwork`]: a checkpoint of another space or optimiser.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainingError> {
        for NamedVar { name, var } in self.slots() {
            match checkpoint.tensors.get(&name) {
                Some(stored) if stored.shape == var.dims() => {
                    let device = candle_core::Device::Cpu;
                    var.set(&candle_core::Tensor::from_slice(
                        &stored.values,
                        var.dims(),
                        &device,
                    )?)?;
                }
                _ => return Err(TrainingError::OtherNetwork),
            }
        }
        self.update = checkpoint.steps_done();
        self.epoch_loss = f64::from_bits(checkpoint.state.epoch_loss_bits);
        Ok(())
    }

    /// Every variable of the training, with the name of its tensor in a checkpoint.
    fn slots(&self) -> Vec<NamedVar> {
        let tensors = self.supernet.tensors();
        let weights = tensors.iter().map(|NamedVar { name, var }| (format!("model.{name}"), var));
        let state = self.optimiser.state();
        let state = state.iter().flat_map(|(part, vars)| {
            let named = tensors.iter().zip(vars.iter());
            named.map(move |(tensor, var)| (format!("{part}.{}", tensor.name), var))
        });
        weights.chain(state).map(|(name, var)| NamedVar { name, var: var.clone() }).collect()
    }
}
