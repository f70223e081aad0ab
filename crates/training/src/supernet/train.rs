//! Training a supernet epoch by epoch, with its checkpoint.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::plan::SupernetPlan;
use super::run::SupernetRun;
use super::store::Supernet;
use crate::checkpoint::Checkpoint;
use crate::error::TrainingError;
use crate::fit::{FitManifest, write_atomically};

/// The state from which an interrupted training continues, and the weights at its end.
const CHECKPOINT: &str = "supernet.safetensors";
/// Number of updates after which a checkpoint is written.
const UPDATES_BETWEEN: u64 = 250;

/// An event of a supernet's training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SupernetEvent {
    /// The training continues after so many updates.
    Resumed {
        /// Number of these updates.
        updates: u64,
    },
    /// An update was taken.
    Update {
        /// The epoch, counted from 1.
        epoch: u64,
        /// Number of updates of the whole training so far.
        done: u64,
        /// The loss before the update.
        loss: f64,
    },
    /// An epoch is complete.
    Epoch {
        /// The epoch, counted from 1.
        epoch: u64,
        /// Mean loss over its updates.
        loss: f64,
    },
}

/// A trained supernet.
#[derive(Debug)]
pub struct TrainedSupernet {
    /// The weights after the last update.
    pub supernet: Supernet,
    /// [`SupernetPlan::fingerprint`], of the settings that decided the weights.
    pub fingerprint: u64,
}

impl SupernetPlan {
    /// The path of the checkpoint in a folder.
    pub fn checkpoint(folder: &Path) -> PathBuf {
        folder.join(CHECKPOINT)
    }

    /// Trains to the last epoch, continuing from the checkpoint in the folder `out` if there is one.
    /// Returns `None` if `on_event` breaks; the same call then continues. A training that is killed
    /// at any moment and continued ends with the same weights.
    ///
    /// # Errors
    /// [`TrainingError::OtherRun`]: a checkpoint of a training with other settings, such as another
    /// space or other images. Files that cannot be read or written, and a training that diverges.
    pub fn train(
        &self,
        out: &Path,
        on_event: &mut dyn FnMut(&SupernetEvent) -> ControlFlow<()>,
    ) -> Result<Option<TrainedSupernet>, TrainingError> {
        let path = Self::checkpoint(out);
        let io_error = |source| TrainingError::Io { path: path.clone(), source };
        let text = self.manifest().to_text().map_err(std::io::Error::other).map_err(io_error)?;
        let mut run = self.start()?;
        if path.exists() {
            let read = Checkpoint::read(&std::fs::read(&path).map_err(io_error)?)?;
            let before = FitManifest::from_text(read.settings()).map_err(std::io::Error::other);
            let differences = self.manifest().differences(&before.map_err(io_error)?);
            if !differences.is_empty() {
                return Err(TrainingError::OtherRun(differences));
            }
            run.resume(&read)?;
            let updates = run.updates_done();
            if on_event(&SupernetEvent::Resumed { updates }).is_break() {
                return Ok(None);
            }
        }
        std::fs::create_dir_all(out).map_err(io_error)?;
        let save = |run: &SupernetRun| write_atomically(&path, &run.checkpoint(&text)?);
        let total = self.recipe.steps;
        while run.updates_done() < total {
            let epoch = run.updates_done() / self.updates_per_epoch + 1;
            let mut stopped = false;
            let trained = run.epoch(&self.data.dataset.train, &self.batches, |run, loss| {
                let done = run.updates_done();
                stopped = on_event(&SupernetEvent::Update { epoch, done, loss }).is_break();
                if stopped || done == total || done.is_multiple_of(UPDATES_BETWEEN) {
                    save(run)?;
                }
                Ok(match stopped || done == total {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                })
            })?;
            if let Some(loss) = trained {
                save(&run)?;
                stopped |= on_event(&SupernetEvent::Epoch { epoch, loss }).is_break();
            }
            if stopped {
                return Ok(None);
            }
        }
        let fingerprint = self.fingerprint();
        Ok(Some(TrainedSupernet { supernet: run.into_supernet(), fingerprint }))
    }
}
