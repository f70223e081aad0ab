//! Running a training epoch by epoch, with its files.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::files::{
    BEST, CHECKPOINT, LAST, NETWORK, io_error, write_atomically, write_weights_file,
};
use super::history::{self, EpochRecord, best_epoch, read_history};
use super::manifest::FitManifest;
use super::plan::FitPlan;
use super::training_variant::stem_stride;
use crate::checkpoint::Checkpoint;
use crate::error::TrainingError;
use crate::evaluate::evaluate;
use crate::model::Model;
use crate::run::Run;
use crate::weights_file::WeightsFile;

/// An event of a training.
#[derive(Debug)]
pub enum FitEvent<'a> {
    /// The folder holds a training that did not finish an epoch. It is restarted from the first step.
    Restarted,
    /// The training in the folder was planned for another number of epochs. It continues with the
    /// learning rates of [`FitPlan::epochs`].
    OtherLength {
        /// The number of epochs for which it was planned.
        before: u64,
        /// The number of epochs that are trained.
        done: u64,
        /// The learning rate of the next step.
        learning_rate: f32,
    },
    /// The training continues after the epochs that the folder's checkpoint has.
    Resumed {
        /// Number of these epochs.
        epochs: u64,
    },
    /// A step was taken.
    Step {
        /// The epoch, counted from 1.
        epoch: u64,
        /// Number of steps taken in the epoch so far.
        done: u64,
        /// Number of steps in the epoch.
        steps: u64,
        /// The loss before the step.
        loss: f64,
    },
    /// An evaluation begins. After an epoch it is not interrupted: a break counts once the epoch is
    /// recorded.
    Evaluating(EvaluatedSplit),
    /// An epoch was trained and evaluated, and its files except the checkpoint were written.
    Epoch {
        /// The records of all epochs so far.
        history: &'a [EpochRecord],
    },
}

/// What a training evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluatedSplit {
    /// The hold-out, after an epoch; the statistics of batch norms are estimated before.
    HoldOut,
    /// The test images, at the end, with the weights of the best epoch.
    Test,
}

/// The result of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Top-1 accuracy of the best weights on the test images, a fraction.
    pub top1: f64,
    /// Top-5 accuracy of the best weights on the test images, a fraction.
    pub top5: f64,
    /// Number of epochs.
    pub epochs: u64,
    /// The epoch of the best weights, counted from 1.
    pub best_epoch: u64,
    /// Top-1 accuracy of the best weights on the hold-out, a fraction; `None` without a hold-out.
    pub hold_out_top1: Option<f64>,
    /// Training images per second, without the time of evaluations.
    pub images_per_s: f64,
    /// The file of the best weights.
    pub weights: PathBuf,
}

impl FitPlan {
    /// Whether a folder holds a training that can be continued.
    pub fn is_there(folder: &Path) -> bool {
        Self::checkpoint(folder).exists()
    }

    /// Whether a training was started in a folder, even if it was killed before its first checkpoint
    /// and starts again from its first step.
    pub fn was_started(folder: &Path) -> bool {
        Self::is_there(folder) || folder.join(NETWORK).exists()
    }

    /// The path of the checkpoint in a training's folder.
    pub fn checkpoint(folder: &Path) -> PathBuf {
        folder.join(CHECKPOINT)
    }

    /// The number of epochs for which the training in a folder was last planned; `None` without a
    /// checkpoint there.
    ///
    /// # Errors
    /// A checkpoint that cannot be read.
    pub fn epochs_planned(folder: &Path) -> Result<Option<u64>, TrainingError> {
        let path = Self::checkpoint(folder);
        if !path.exists() {
            return Ok(None);
        }
        let read = Checkpoint::read(&std::fs::read(&path).map_err(io_error(&path))?)?;
        let manifest = FitManifest::from_text(read.settings()).map_err(std::io::Error::other);
        Ok(manifest.map_err(io_error(&path))?.epochs())
    }

    /// Trains to the last epoch, continuing from the checkpoint in the folder `out` if there is
    /// one, and evaluates the weights of the best epoch on the test images. Returns `None` if
    /// `on_event` breaks; the same call then continues.
    ///
    /// The training in the folder may have been planned for another number of epochs. From the next
    /// step on, it then has the learning rates of a training over [`FitPlan::epochs`]. The steps
    /// before were taken with others, so that its weights differ from those of a training that was
    /// planned for as many epochs from the start.
    ///
    /// Writes `best.safetensors`, `last.safetensors`, `network.ron`, `history.jsonl` and
    /// `checkpoint.safetensors` to the folder.
    ///
    /// # Errors
    /// [`TrainingError::OtherRun`]: a folder of a training with other settings.
    /// [`TrainingError::Setting`]: fewer epochs than it has trained. Files that cannot be read or
    /// written, and a training that diverges.
    pub fn fit(
        &self,
        out: &Path,
        on_event: &mut dyn FnMut(&FitEvent<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Fitted>, TrainingError> {
        let mut run = self.start()?;
        let checkpoint = Self::checkpoint(out);
        let text = self.manifest().to_text().map_err(std::io::Error::other);
        let text = text.map_err(io_error(&checkpoint))?;
        if checkpoint.exists() {
            let bytes = std::fs::read(&checkpoint).map_err(io_error(&checkpoint))?;
            let read = Checkpoint::read(&bytes)?;
            let before = FitManifest::from_text(read.settings());
            let before = before.map_err(std::io::Error::other).map_err(io_error(&checkpoint))?;
            let epochs = self.continues(&before, read.steps_done())?;
            run.resume(&read)?;
            let done = run.steps_done() / self.steps_per_epoch;
            if epochs != self.epochs {
                // A run that is resumed without a number of epochs continues with the new one.
                write_atomically(&checkpoint, &run.checkpoint(&text)?)?;
                let learning_rate = run.learning_rate();
                let event = FitEvent::OtherLength { before: epochs, done, learning_rate };
                if on_event(&event).is_break() {
                    return Ok(None);
                }
            }
            if on_event(&FitEvent::Resumed { epochs: done }).is_break() {
                return Ok(None);
            }
        } else if out.join(NETWORK).exists() && on_event(&FitEvent::Restarted).is_break() {
            return Ok(None);
        }
        let done = run.steps_done() / self.steps_per_epoch;
        let mut history = read_history(out, done)?;
        std::fs::create_dir_all(out).map_err(io_error(out))?;
        write_atomically(&out.join(NETWORK), self.network_text().as_bytes())?;
        for epoch in done + 1..=self.epochs {
            let Some(record) = self.train_epoch(&mut run, epoch, on_event)? else {
                write_atomically(&checkpoint, &run.checkpoint(&text)?)?;
                return Ok(None);
            };
            history.push(record);
            self.save(&run, &history, out)?;
            let flow = on_event(&FitEvent::Epoch { history: &history });
            // Written last: until then, a resumed run trains the epoch again, with the same result.
            write_atomically(&checkpoint, &run.checkpoint(&text)?)?;
            if flow.is_break() {
                return Ok(None);
            }
        }
        if on_event(&FitEvent::Evaluating(EvaluatedSplit::Test)).is_break() {
            return Ok(None);
        }
        self.evaluate_best(&history, out).map(Some)
    }

    /// Checks that a training with the manifest `before` can be continued. Returns the number of
    /// epochs for which it was planned.
    fn continues(&self, before: &FitManifest, steps_done: u64) -> Result<u64, TrainingError> {
        let epochs = before.epochs().unwrap_or(self.epochs);
        // Settings that follow from the number of epochs are compared as they were for that number.
        let manifest = self.over(epochs).map_or_else(|_| self.manifest(), |plan| plan.manifest());
        let differences = manifest.differences(before);
        if !differences.is_empty() {
            return Err(TrainingError::OtherRun(differences));
        }
        if self.epochs * self.steps_per_epoch < steps_done {
            let done = steps_done.div_ceil(self.steps_per_epoch);
            let expected = format!("at least {done}, as many as were begun");
            return Err(TrainingError::setting("epochs", &self.epochs, expected));
        }
        Ok(epochs)
    }

    /// The text of the file of the deployed network.
    fn network_text(&self) -> String {
        let network = self.deployed.to_ron();
        if self.variant.input == self.deployed.input && self.variant.blocks == self.deployed.blocks
        {
            return network;
        }
        let stride = stem_stride(&self.variant);
        let stride = stride.map_or(String::new(), |stride| format!(" with stem stride {stride}"));
        let side = self.variant.input.resolution;
        format!(
            "// The network to deploy. It was trained and evaluated at {side} px{stride}.\n{network}"
        )
    }

    /// Returns `None` if `on_event` breaks.
    fn train_epoch(
        &self,
        run: &mut Run,
        epoch: u64,
        on_event: &mut dyn FnMut(&FitEvent<'_>) -> ControlFlow<()>,
    ) -> Result<Option<EpochRecord>, TrainingError> {
        let (start, first, steps) = (Instant::now(), run.steps_done(), self.steps_per_epoch);
        let trained = run.epoch(&self.data.dataset.train, &self.batches, |run, loss| {
            let done = run.steps_done() - (epoch - 1) * steps;
            on_event(&FitEvent::Step { epoch, done, steps, loss })
        });
        let Some(trained) = trained? else { return Ok(None) };
        let seconds = start.elapsed().as_secs_f64();
        let images = (run.steps_done() - first) * self.batches.batch as u64;
        _ = on_event(&FitEvent::Evaluating(EvaluatedSplit::HoldOut));
        run.estimate_norms(&self.data.dataset.train, &self.batches, epoch - 1)?;
        let hold_out = &self.data.dataset.hold_out;
        let evaluation = if hold_out.is_empty() { None } else { Some(run.evaluate(hold_out)?) };
        Ok(Some(EpochRecord {
            epoch,
            steps: run.steps_done(),
            learning_rate: run.learning_rate(),
            train_loss: trained.loss,
            hold_out_top1: evaluation.map(|evaluation| evaluation.top1),
            hold_out_loss: evaluation.map(|evaluation| evaluation.loss),
            seconds,
            images_per_s: images as f64 / seconds,
        }))
    }

    /// Writes all files of an epoch except the checkpoint.
    fn save(&self, run: &Run, history: &[EpochRecord], out: &Path) -> Result<(), TrainingError> {
        let weights = run.result().to_weights()?;
        write_weights_file(&out.join(LAST), &self.variant, &weights)?;
        if best_epoch(history) == history.last() {
            write_weights_file(&out.join(BEST), &self.variant, &weights)?;
        }
        history::write(out, history)
    }

    fn evaluate_best(&self, history: &[EpochRecord], out: &Path) -> Result<Fitted, TrainingError> {
        let best = out.join(BEST);
        let bytes = std::fs::read(&best).map_err(io_error(&best))?;
        let (network, weights) = WeightsFile::read(&bytes)?.fit(&self.variant)?;
        let graph = network.lower()?;
        let model = Model::new(&graph, self.placement.backend.clone(), 0)?;
        model.load(&weights)?;
        let evaluation = evaluate(&model, &self.data.dataset.test, self.placement.threads)?;
        let record = best_epoch(history);
        let images = |record: &EpochRecord| record.images_per_s * record.seconds;
        Ok(Fitted {
            top1: evaluation.top1,
            top5: evaluation.top5,
            epochs: history.len() as u64,
            best_epoch: record.map_or(0, |record| record.epoch),
            hold_out_top1: record.and_then(|record| record.hold_out_top1),
            images_per_s: history.iter().map(images).sum::<f64>()
                / history.iter().map(|record| record.seconds).sum::<f64>(),
            weights: best,
        })
    }
}
