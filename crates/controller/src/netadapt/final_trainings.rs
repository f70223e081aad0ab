//! The trainings at the end of an adaptation: the adapted network and the baselines at its latency
//! are trained in the same way.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use search_space::Network;
use serde::Serialize;
use training::fit::{FitData, FitEvent, FitPlan, FitSettings, Fitted, TrainingVariant};
use training::{Backend, Placement, WeightsFile};

use super::baseline::{Baseline, baseline};
use super::error::AdaptError;
use super::latencies::{Latencies, MeasuredNetwork};
use super::store::Adaptation;
use crate::parallel::run_parallel;

/// The learning rate of the short trainings and of the final fine-tuning, as a share of the
/// learning rate of a training from scratch (NetAdapt, section 4.1).
pub const FINE_TUNING_RATE: f32 = 0.1;

/// What all final trainings have in common.
pub struct FinalTrainings<'a> {
    /// The network from which the adaptation started.
    pub seed_network: &'a Network,
    /// The network that NetAdapt found.
    pub adapted: &'a MeasuredNetwork,
    /// How networks are trained from scratch. Its seed is that of the first training.
    pub settings: &'a FitSettings,
    /// The learning rate of a training from scratch.
    pub learning_rate: f32,
    /// The seed's training variant.
    pub variant: TrainingVariant,
    /// The number of trainings from scratch, with different seeds, of the adapted network and of
    /// each kind of baseline.
    pub seeds: u64,
}

/// One of the final trainings.
pub struct FinalTraining {
    /// How the network came about: `adapted, fine-tuned`, `adapted, from scratch`, or the
    /// baseline's name.
    pub name: &'static str,
    /// The index of the seed, counted from 0.
    pub seed: u64,
    /// The deployed network with its latency.
    pub network: MeasuredNetwork,
    /// How the network is trained.
    pub settings: FitSettings,
    /// The weights from which training starts; `None` for random ones.
    pub start: Option<WeightsFile>,
}

/// The result of a final training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FinalResult {
    /// The name of the training, which says how its network came about.
    pub name: &'static str,
    /// The index of the seed, counted from 0.
    pub seed: u64,
    /// The latency of the deployed network in milliseconds.
    pub latency_ms: f64,
    /// Top-1 accuracy on the hold-out, a fraction; `None` without a hold-out.
    pub hold_out_top1: Option<f64>,
    /// Top-1 accuracy on the test images, a fraction.
    #[serde(rename = "accuracy")]
    pub top1: f64,
}

impl FinalTrainings<'_> {
    /// Plans all final trainings. The latencies that this takes are measured here, while nothing
    /// trains. Baselines without a network at the latency of the adapted network are returned
    /// separately.
    /// `on_baseline` is called before each baseline is sought, and returns whether to continue.
    ///
    /// # Errors
    /// [`AdaptError`] if a latency is not available or cannot be stored;
    /// [`AdaptError::Stopped`] if `on_baseline` breaks.
    pub fn plan(
        &self,
        latencies: Latencies<'_>,
        store: &mut Adaptation,
        on_baseline: &mut dyn FnMut(Baseline) -> ControlFlow<()>,
    ) -> Result<(Vec<FinalTraining>, Vec<Baseline>), AdaptError> {
        let fine_tuned = FinalTraining {
            name: "adapted, fine-tuned",
            seed: 0,
            network: self.adapted.clone(),
            settings: FitSettings {
                epochs: (self.settings.epochs / 2).max(1),
                learning_rate: Some(FINE_TUNING_RATE * self.learning_rate),
                ..self.settings.clone()
            },
            start: Some(WeightsFile::read(&store.weights()?)?),
        };
        let mut all = vec![fine_tuned];
        let adapted = (self.adapted, self.settings);
        all.extend(self.scratch_trainings("adapted, from scratch", adapted, 0..self.seeds));
        let kinds = [Baseline::UniformWidth, Baseline::WidthAndResolution].into_iter();
        let random = (0..self.seeds).map(|seed| Baseline::RandomWidths { seed });
        let mut missing = Vec::new();
        for kind in kinds.chain(random) {
            let (kind, seeds) = match kind {
                Baseline::RandomWidths { seed } => {
                    let other = Baseline::RandomWidths { seed: self.settings.seed + seed };
                    (other, seed..seed + 1)
                }
                kind => (kind, 0..self.seeds),
            };
            if on_baseline(kind).is_break() {
                return Err(AdaptError::Stopped);
            }
            let found = baseline(kind, self.seed_network, self.adapted, latencies, store)?;
            let Some(mut found) = found else {
                missing.push(kind);
                continue;
            };
            found.network.name = format!("{}-{}", self.seed_network.name, kind.name());
            // The training resolution is scaled like the deployed one.
            let share =
                found.network.input.resolution as f64 / self.seed_network.input.resolution as f64;
            let resolution = (share * self.variant.resolution as f64).round() as usize;
            let settings =
                FitSettings { train_resolution: Some(resolution), ..self.settings.clone() };
            all.extend(self.scratch_trainings(kind.name(), (&found, &settings), seeds));
        }
        Ok((all, missing))
    }

    fn scratch_trainings(
        &self,
        name: &'static str,
        (network, settings): (&MeasuredNetwork, &FitSettings),
        seeds: Range<u64>,
    ) -> Vec<FinalTraining> {
        let one = |seed| FinalTraining {
            name,
            seed,
            network: network.clone(),
            settings: FitSettings { seed: settings.seed + seed, ..settings.clone() },
            start: None,
        };
        seeds.map(one).collect()
    }
}

/// An event of the final trainings.
#[derive(Debug)]
pub enum FinalEvent {
    /// An epoch was trained, or epochs of an earlier run are continued.
    Epoch {
        /// The index of the training.
        index: usize,
        /// The number of its epochs so far.
        epochs: u64,
    },
    /// A training has ended.
    Ended {
        /// The index of the training.
        index: usize,
        /// The result of the training.
        fitted: Fitted,
    },
}

/// A message from a training to the calling thread.
enum Message {
    Event(FinalEvent),
    /// A training was interrupted (`None`) or failed.
    Broken(Option<AdaptError>),
}

/// Where and with what the final trainings run.
pub struct FinalRun<'a> {
    /// The images, which all trainings share.
    pub data: &'a FitData,
    /// The folder that holds a folder for each training, from which the training continues.
    pub folder: &'a Path,
    /// The backend that computes the networks.
    pub backend: &'a Backend,
    /// The total number of threads; at most as many trainings run at a time.
    pub threads: usize,
}

/// Trains all networks, several at a time. Returns `Break` if `on_event` did or a training was
/// interrupted; the same call then continues.
///
/// # Errors
/// [`AdaptError`] of the first training that fails.
pub fn train_all(
    trainings: &[FinalTraining],
    run: &FinalRun<'_>,
    on_event: &mut dyn FnMut(FinalEvent) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, AdaptError> {
    let jobs = run.threads.min(trainings.len()).max(1);
    let placement = Placement { backend: run.backend.clone(), threads: run.threads / jobs };
    let mut outcome = Ok(ControlFlow::Continue(()));
    let indices: Vec<usize> = (0..trainings.len()).collect();
    run_parallel(
        &indices,
        jobs,
        &|&index, worker| {
            let mut after_epoch =
                |epochs| worker.emit(Message::Event(FinalEvent::Epoch { index, epochs }));
            let ended = trainings[index].train(run, placement.clone(), &mut after_epoch);
            _ = worker.emit(match ended {
                Ok(Some(fitted)) => Message::Event(FinalEvent::Ended { index, fitted }),
                Ok(None) => Message::Broken(None),
                Err(error) => Message::Broken(Some(error)),
            });
        },
        &mut |message| {
            let broken = match message {
                Message::Event(event) => match on_event(event) {
                    ControlFlow::Continue(()) => return ControlFlow::Continue(()),
                    ControlFlow::Break(()) => Ok(ControlFlow::Break(())),
                },
                Message::Broken(None) => Ok(ControlFlow::Break(())),
                Message::Broken(Some(error)) => Err(error),
            };
            if outcome.is_ok() {
                outcome = broken;
            }
            ControlFlow::Break(())
        },
    );
    outcome
}

impl FinalTraining {
    /// The result, once the training has ended.
    pub fn result(&self, fitted: &Fitted) -> FinalResult {
        let Self { name, seed, network, .. } = self;
        let Fitted { top1, hold_out_top1, .. } = *fitted;
        FinalResult { name, seed: *seed, latency_ms: network.latency_ms, hold_out_top1, top1 }
    }

    fn train(
        &self,
        run: &FinalRun<'_>,
        placement: Placement,
        after_epoch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Option<Fitted>, AdaptError> {
        let name = self.name.replace(", ", "-").replace(' ', "-");
        let folder = run.folder.join(format!("{name}-{}", self.seed));
        let data = run.data.clone();
        let network = &self.network.network;
        let plan = FitPlan::new(network, data, self.start.clone(), &self.settings, placement)?;
        let mut on_event = |event: &FitEvent<'_>| match event {
            FitEvent::Resumed { epochs } => after_epoch(*epochs),
            FitEvent::Epoch { history } => after_epoch(history.len() as u64),
            _ => ControlFlow::Continue(()),
        };
        Ok(plan.fit(&folder, &mut on_event)?)
    }
}
