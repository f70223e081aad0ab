//! Training a batch of networks from rung to rung, several at a time.

use std::ops::ControlFlow;
use std::path::PathBuf;

use search_space::Genotype;
use training::TrainingError;
use training::fit::{FitEvent, read_history};

use super::rungs::{self, AtRung};
use super::{ProxyAccuracy, Watch};
use crate::accuracy::AccuracyError;
use crate::accuracy::evaluations::{HoldOutTop1, insert};
use crate::parallel::{Worker, run_parallel};

/// A network that is not evaluated yet.
#[derive(Clone)]
struct Pending {
    genotype: Genotype,
    text: String,
    macs: u64,
}

/// A message from a training to the calling thread.
enum Message {
    /// Steps were taken.
    Steps,
    /// The network with this index has an accuracy on the hold-out.
    Trained(usize, f64),
    Failed(TrainingError),
}

impl ProxyAccuracy {
    /// Trains those of a batch of networks that are not evaluated yet. All of them reach a rung before
    /// it is decided which of them are trained further, so that the result does not depend on the
    /// number of threads, and the same call continues an interrupted one.
    ///
    /// # Errors
    /// [`AccuracyError::Stopped`] if the watch breaks. A genotype of another space, images that cannot
    /// be read, or files that cannot be written. A training that diverges is no error: its network has
    /// accuracy 0.
    pub fn train_all(&self, genotypes: &[Genotype]) -> Result<(), AccuracyError> {
        let mut open = self.pending(genotypes)?;
        let folders: Vec<PathBuf> = open.iter().map(|one| self.training(&one.text)).collect();
        let mut ended: Vec<(String, f64)> = Vec::new();
        let rungs = rungs::of(self.plan.settings.epochs);
        for &epochs in &rungs {
            self.reach(&open, epochs)?;
            let mut survivors = Vec::new();
            for one in open {
                let database = self.evaluations.database();
                let accuracy = rungs::stored(&database, &one.text, epochs)?;
                let accuracy = accuracy.ok_or(AccuracyError::Stopped)?;
                let at = AtRung { genotype: one.text.clone(), macs: one.macs, accuracy };
                let is_last = rungs.last() == Some(&epochs);
                match is_last || rungs::is_hopeless(&database, epochs, &at)? {
                    true => ended.push((one.text, accuracy)),
                    false => survivors.push(one),
                }
            }
            open = survivors;
        }
        let images = self.plan.data.dataset.hold_out.len();
        self.evaluations.database().write(|transaction| {
            ended.iter().try_for_each(|(text, top1)| {
                insert(transaction, text, HoldOutTop1 { top1: *top1, images })
            })
        })?;
        for folder in folders {
            // What stays behind is trained no more: nothing depends on it.
            _ = std::fs::remove_dir_all(folder);
        }
        Ok(())
    }

    fn pending(&self, genotypes: &[Genotype]) -> Result<Vec<Pending>, AccuracyError> {
        let mut pending: Vec<Pending> = Vec::new();
        for genotype in genotypes {
            let text = self.domain.text(genotype);
            let is_known = pending.iter().any(|known| known.text == text);
            if is_known || self.evaluations.stored(&text)?.is_some() {
                continue;
            }
            let network = self.plan.space.decode(genotype).map_err(TrainingError::from)?;
            let graph = network.lower().map_err(TrainingError::from)?;
            let macs = graph.cost().macs as u64;
            pending.push(Pending { genotype: genotype.clone(), text, macs });
        }
        Ok(pending)
    }

    /// The folder of a network's training.
    fn training(&self, text: &str) -> PathBuf {
        self.folder.join(format!("{:016x}", search_space::fnv1a(text.bytes())))
    }

    /// Trains networks to a rung, and stores their accuracies there.
    fn reach(&self, open: &[Pending], epochs: u64) -> Result<(), AccuracyError> {
        let mut missing: Vec<&Pending> = Vec::new();
        for one in open {
            if rungs::stored(&self.evaluations.database(), &one.text, epochs)?.is_none() {
                missing.push(one);
            }
        }
        let jobs = self.plan.threads.min(missing.len()).max(1);
        let threads = (self.plan.threads / jobs).max(1);
        let watch: Watch = self.watch;
        let mut accuracies = vec![None; missing.len()];
        let mut failed = None;
        let indices: Vec<usize> = (0..missing.len()).collect();
        let work = |&index: &usize, worker: &Worker<'_, Message>| {
            let trained = self.train_to(missing[index], epochs, threads, worker);
            _ = match trained {
                Ok(Some(accuracy)) => worker.emit(Message::Trained(index, accuracy)),
                // It was stopped.
                Ok(None) => ControlFlow::Break(()),
                Err(TrainingError::Diverged { .. }) => worker.emit(Message::Trained(index, 0.0)),
                Err(error) => worker.emit(Message::Failed(error)),
            };
        };
        run_parallel(&indices, jobs, &work, &mut |message| {
            match message {
                Message::Steps => {}
                Message::Trained(index, accuracy) => accuracies[index] = Some(accuracy),
                Message::Failed(error) => {
                    failed = failed.take().or(Some(error));
                    return ControlFlow::Break(());
                }
            }
            watch()
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        let at = |(one, accuracy): (&&Pending, Option<f64>)| {
            let accuracy = accuracy.ok_or(AccuracyError::Stopped)?;
            Ok(AtRung { genotype: one.text.clone(), macs: one.macs, accuracy })
        };
        let all =
            missing.iter().zip(accuracies).map(at).collect::<Result<Vec<_>, AccuracyError>>()?;
        Ok(rungs::record(&mut self.evaluations.database(), epochs, &all)?)
    }

    /// Trains a network until it has seen so many epochs. Returns its accuracy on the hold-out then, or
    /// `None` if it was stopped.
    fn train_to(
        &self,
        one: &Pending,
        epochs: u64,
        threads: usize,
        worker: &Worker<'_, Message>,
    ) -> Result<Option<f64>, TrainingError> {
        let plan = self.plan.of(&one.genotype, threads)?;
        let folder = self.training(&one.text);
        let mut reached = false;
        plan.fit(&folder, &mut |event| {
            reached = match event {
                FitEvent::Resumed { epochs: done } => *done >= epochs,
                FitEvent::Epoch { history } => history.len() as u64 >= epochs,
                _ => false,
            };
            match event {
                _ if reached => ControlFlow::Break(()),
                FitEvent::Step { .. } => worker.emit(Message::Steps),
                _ => worker.status(),
            }
        })?;
        if !reached {
            return Ok(None);
        }
        let history = read_history(&folder, epochs)?;
        Ok(history.last().and_then(|record| record.hold_out_top1))
    }
}
