//! A training run: a network, its optimiser and the moving average of its weights.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::{BatchSettings, Samples, batches};
use kernels::training::smoothed_targets;
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::evaluate::{Evaluation, SampleResult, evaluate, sample_results};
use crate::model::{Model, NamedVar, Placement};
use crate::optim::{clip_factor, ema};
use crate::recipe::{Recipe, RunningOptimiser};

/// Number of images from which the statistics of batch norms are estimated for an evaluation. A
/// thousand to ten thousand are enough (Wu and Johnson 2021, "Rethinking \"Batch\" in BatchNorm",
/// section 3).
const NORM_IMAGES: usize = 2_048;

/// A training run between two steps.
#[derive(Debug)]
pub struct Run {
    pub(crate) model: Model,
    pub(crate) optimiser: RunningOptimiser,
    /// The moving average of the model's variables, if the recipe has one.
    pub(crate) average: Option<Model>,
    recipe: Recipe,
    threads: usize,
    /// Number of steps taken.
    pub(crate) step: u64,
    /// Sum of the losses of the current epoch's steps so far.
    pub(crate) epoch_loss: f64,
}

/// The result of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Mean loss over the steps of the epoch, label smoothing included.
    pub loss: f64,
}

impl Run {
    /// A run that starts from random weights.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no threads, or a value of the recipe that is out of range.
    pub fn new(
        graph: &Graph,
        recipe: Recipe,
        placement: Placement,
        seed: u64,
    ) -> Result<Self, TrainingError> {
        recipe.check()?;
        let Placement { backend, threads } = placement;
        if threads == 0 {
            return Err(TrainingError::no_threads());
        }
        let model = Model::new(graph, backend, seed)?;
        let vars = model.parameters().map(|parameter| parameter.var.clone()).collect();
        let optimiser = RunningOptimiser::new(&recipe, vars)?;
        let average = recipe.ema_decay.map(|_| model.duplicate()).transpose()?;
        Ok(Self { model, optimiser, average, recipe, threads, step: 0, epoch_loss: 0.0 })
    }

    /// Replaces the initial weights.
    ///
    /// # Errors
    /// Weights of another network.
    pub fn start_from(&mut self, weights: &Weights) -> Result<(), TrainingError> {
        self.average.iter().chain([&self.model]).try_for_each(|model| model.load(weights))
    }

    /// Number of steps taken.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Learning rate of the next step.
    pub fn learning_rate(&self) -> f32 {
        self.recipe.learning_rate_at(self.step)
    }

    /// The trained network, with the moving average of its weights if the recipe has one.
    pub fn result(&self) -> &Model {
        self.average.as_ref().unwrap_or(&self.model)
    }

    /// Takes one step on a batch of images `[batch, height, width, channels]` and their classes.
    /// Returns the mean loss before the step.
    ///
    /// # Errors
    /// Images or labels that do not fit the network; a loss that is not finite.
    pub fn step(&mut self, images: &[f32], labels: &[u32]) -> Result<f64, TrainingError> {
        let classes = self.model.graph().classes();
        if let Some(&label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let targets = smoothed_targets(&labels, classes, self.recipe.label_smoothing);
        let mut batch = self.model.loss_and_gradients(images, &targets, self.threads)?;
        let loss = batch.loss;
        self.check_finite(loss, "the loss is")?;
        if let Some(clip_norm) = self.recipe.clip_norm {
            let factor = clip_factor(&batch.gradients, clip_norm)?;
            if factor < 1.0 {
                for gradient in &mut batch.gradients {
                    *gradient = gradient.affine(factor.into(), 0.0)?;
                }
            }
        }
        let learning_rate = self.learning_rate();
        self.optimiser.step(learning_rate, &batch.into_store(&self.model))?;
        self.move_average()?;
        self.step += 1;
        Ok(loss)
    }

    /// Takes the remaining steps of the current epoch. `on_step` is called after each step with its
    /// loss. Returns `None` if it breaks before the last step.
    ///
    /// # Errors
    /// As for [`Run::step`]; images that cannot be read; weights that are not finite at the end.
    pub fn epoch(
        &mut self,
        samples: &Arc<Samples>,
        settings: &BatchSettings,
        mut on_step: impl FnMut(&Self, f64) -> ControlFlow<()>,
    ) -> Result<Option<Epoch>, TrainingError> {
        let steps = (samples.len() / settings.batch.max(1)).max(1) as u64;
        let (epoch, done) = (self.step / steps, self.step % steps);
        if done == 0 {
            self.epoch_loss = 0.0;
        }
        for batch in batches(samples, settings, epoch)?.skip(done as usize) {
            let batch = batch?;
            let loss = self.step(&batch.images, &batch.labels)?;
            self.epoch_loss += loss;
            let is_last = self.step.is_multiple_of(steps);
            if on_step(self, loss).is_break() && !is_last {
                return Ok(None);
            }
        }
        for parameter in self.model.parameters() {
            if !parameter.values()?.iter().all(|value| value.is_finite()) {
                self.check_finite(f64::NAN, "the weights are")?;
            }
        }
        Ok(Some(Epoch { loss: self.epoch_loss / steps as f64 }))
    }

    /// Number of images that [`Run::estimate_norms`] computes.
    pub fn norm_images(samples: &Samples, settings: &BatchSettings) -> usize {
        let batch = settings.batch.max(1);
        NORM_IMAGES.div_ceil(batch).min(samples.len() / batch) * batch
    }

    /// Replaces the running statistics of [`Run::result`] by the mean of the statistics of batches:
    /// the first of the epoch `epoch`, with at least 2,048 images, or all of them (PyTorch's
    /// `update_bn`). Training does not depend on running statistics.
    ///
    /// Running averages lag behind the weights. With a small momentum, such as 0.01 in MobileNetV3,
    /// a network whose weights change fast is evaluated at chance level otherwise.
    ///
    /// # Errors
    /// Images that cannot be read or do not fit the network.
    pub fn estimate_norms(
        &self,
        samples: &Arc<Samples>,
        settings: &BatchSettings,
        epoch: u64,
    ) -> Result<(), TrainingError> {
        let model = self.result();
        if model.state().iter().all(NamedVar::is_parameter) {
            return Ok(());
        }
        let count = Self::norm_images(samples, settings) / settings.batch.max(1);
        for (index, batch) in batches(samples, settings, epoch)?.take(count).enumerate() {
            model.observe(&batch?.images, 1.0 / (index + 1) as f32, self.threads)?;
        }
        Ok(())
    }

    /// Evaluates [`Run::result`] on a split.
    ///
    /// # Errors
    /// Images that cannot be read or do not fit the network.
    pub fn evaluate(&self, samples: &Arc<Samples>) -> Result<Evaluation, TrainingError> {
        evaluate(self.result(), samples, self.threads)
    }

    /// Evaluates [`Run::result`] on each image of a split.
    ///
    /// # Errors
    /// As for [`Run::evaluate`].
    pub fn sample_results(
        &self,
        samples: &Arc<Samples>,
    ) -> Result<Vec<SampleResult>, TrainingError> {
        sample_results(self.result(), samples, self.threads)
    }

    /// Updates the moving average. Its decay rises with the number of steps, so that the initial
    /// weights are soon forgotten (TensorFlow's `ExponentialMovingAverage` with `num_updates`).
    fn move_average(&self) -> Result<(), TrainingError> {
        let (Some(decay), Some(average)) = (self.recipe.ema_decay, &self.average) else {
            return Ok(());
        };
        let step = self.step as f32;
        let decay = decay.min((1.0 + step) / (10.0 + step));
        for (average, now) in average.state().iter().zip(self.model.state()) {
            ema(&average.var, &now.var, decay)?;
        }
        Ok(())
    }

    fn check_finite(&self, value: f64, what: &'static str) -> Result<(), TrainingError> {
        if value.is_finite() {
            return Ok(());
        }
        let (step, learning_rate) = (self.step, self.learning_rate());
        Err(TrainingError::Diverged { step, learning_rate, what })
    }
}
