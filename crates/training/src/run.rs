//! A training run: a network, its optimiser, the average of its weights.

use std::ops::ControlFlow;
use std::sync::Arc;

use dataset::{BatchSettings, Samples, batches};
use kernels::training::{clip_factor, ema, smoothed_targets};
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::evaluate::{Evaluation, Verdict, evaluate, verdicts};
use crate::model::Model;
use crate::recipe::{OptimiserState, Recipe};
use crate::trainer::Trainer;

/// A training run between two steps.
#[derive(Debug)]
pub struct Run {
    pub(crate) trainer: Trainer,
    pub(crate) recipe: Recipe,
    pub(crate) optimiser: OptimiserState,
    pub(crate) average: Option<Model>,
    /// Steps done.
    pub(crate) step: u64,
    /// Sum of the losses of the epoch's steps so far.
    pub(crate) epoch_loss: f64,
}

/// An epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Mean loss of its steps, label smoothing included.
    pub loss: f64,
}

impl Run {
    /// A run from fresh weights.
    ///
    /// # Errors
    /// No threads, or a value of the recipe that cannot be.
    pub fn new(
        graph: &Graph,
        recipe: Recipe,
        seed: u64,
        threads: usize,
    ) -> Result<Self, TrainingError> {
        recipe.check()?;
        let trainer = Trainer::new(graph, seed, threads)?;
        let optimiser = OptimiserState::new(recipe.optimiser, &trainer.model().parameters);
        let average = recipe.average_decay.map(|_| trainer.model().clone());
        Ok(Self { trainer, recipe, optimiser, average, step: 0, epoch_loss: 0.0 })
    }

    /// Starts from these weights instead.
    ///
    /// # Errors
    /// Weights of another network.
    pub fn start_from(&mut self, weights: &Weights) -> Result<(), TrainingError> {
        self.trainer.model_mut().load(weights)?;
        self.average = self.average.is_some().then(|| self.trainer.model().clone());
        Ok(())
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Of the next step.
    pub fn learning_rate(&self) -> f32 {
        self.recipe.learning_rate_at(self.step)
    }

    /// What the run gives: the average where there is one.
    pub fn result(&self) -> &Model {
        self.average.as_ref().unwrap_or(self.trainer.model())
    }

    /// One step on a batch: images `[batch, height, width, channels]` with their classes. Returns
    /// the mean loss before it.
    ///
    /// # Errors
    /// Images or labels that do not fit; a loss that is no number.
    pub fn step(&mut self, images: &[f32], labels: &[u32]) -> Result<f64, TrainingError> {
        let classes = self.trainer.graph().classes();
        if let Some(&label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        let targets = smoothed_targets(&labels, classes, self.recipe.label_smoothing);
        let loss = self.trainer.accumulate(images, &targets)?;
        self.check_finite(loss, "the loss")?;
        let learning_rate = self.learning_rate();
        let (model, gradients) = self.trainer.parts_mut();
        if let Some(largest) = self.recipe.largest_norm {
            let factor = clip_factor(gradients.iter().map(Vec::as_slice), largest);
            if factor < 1.0 {
                gradients.iter_mut().flatten().for_each(|gradient| *gradient *= factor);
            }
        }
        self.optimiser.step(&self.recipe, learning_rate, &mut model.parameters, gradients);
        self.move_average();
        self.step += 1;
        Ok(loss)
    }

    /// The steps that are left of the epoch in which the run stands. `on_step` hears of every step
    /// and its loss, and may end the run there: then there is no epoch.
    ///
    /// # Errors
    /// As [`Run::step`]; images that cannot be had; weights that are no numbers at the end.
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
        let finite = |values: &Vec<f32>| values.iter().all(|value| value.is_finite());
        let model = self.trainer.model();
        if !model.parameters.iter().all(|parameter| finite(&parameter.values)) {
            self.check_finite(f64::NAN, "the weights")?;
        }
        Ok(Some(Epoch { loss: self.epoch_loss / steps as f64 }))
    }

    /// How well [`Run::result`] does.
    ///
    /// # Errors
    /// Images that cannot be had or do not fit.
    pub fn evaluate(&mut self, samples: &Arc<Samples>) -> Result<Evaluation, TrainingError> {
        self.with_result(|trainer| evaluate(trainer, samples))
    }

    /// What [`Run::result`] makes of each image.
    ///
    /// # Errors
    /// As [`Run::evaluate`].
    pub fn verdicts(&mut self, samples: &Arc<Samples>) -> Result<Vec<Verdict>, TrainingError> {
        self.with_result(|trainer| verdicts(trainer, samples))
    }

    /// Puts [`Run::result`] in the trainer's place for as long as `work` takes.
    fn with_result<T>(&mut self, work: impl FnOnce(&mut Trainer) -> T) -> T {
        let swap = |run: &mut Self| {
            if let Some(average) = &mut run.average {
                std::mem::swap(average, run.trainer.model_mut());
            }
        };
        swap(self);
        let done = work(&mut self.trainer);
        swap(self);
        done
    }

    /// The decay rises with the steps, so that the first weights are soon forgotten (TensorFlow's
    /// `ExponentialMovingAverage` with `num_updates`).
    fn move_average(&mut self) {
        let (Some(decay), Some(average)) = (self.recipe.average_decay, &mut self.average) else {
            return;
        };
        let step = self.step as f32;
        let decay = decay.min((1.0 + step) / (10.0 + step));
        let model = self.trainer.model();
        for (average, now) in average.parameters.iter_mut().zip(&model.parameters) {
            ema(&mut average.values, &now.values, decay);
        }
        for (average, now) in average.statistics.iter_mut().zip(&model.statistics) {
            ema(&mut average.mean, &now.mean, decay);
            ema(&mut average.var, &now.var, decay);
        }
    }

    fn check_finite(&self, value: f64, what: &'static str) -> Result<(), TrainingError> {
        if value.is_finite() {
            return Ok(());
        }
        let (step, learning_rate) = (self.step, self.learning_rate());
        Err(TrainingError::Diverged { step, learning_rate, what })
    }
}
