//! Trainings at the end of a search or an adaptation: the network that was found and its baselines are
//! trained in the same way.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use search_space::Network;
use serde::{Deserialize, Serialize};
use training::fit::{FitData, FitEvent, FitPlan, FitSettings, Fitted};
use training::{Backend, FORWARD_SHARE, Placement, TrainingError, WeightsFile, time_steps};

use crate::csv_text::{csv_text, optional};
use crate::parallel::run_parallel;

/// Training steps that are timed.
const TIMED_STEPS: usize = 3;

/// A network with its measured latency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredNetwork {
    /// The network.
    pub network: Network,
    /// Its latency in milliseconds.
    pub latency_ms: f64,
}

/// One of the final trainings.
pub struct FinalTraining {
    /// How the network came about, such as `adapted, from scratch` or the baseline's name. With the
    /// seed, it names the folder of the training.
    pub name: String,
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
    pub name: String,
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

impl FinalResult {
    /// The accuracy by which networks and seeds are chosen: that on the hold-out, 0 without one, since the
    /// test images choose nothing.
    pub fn chosen_by(&self) -> f64 {
        self.hold_out_top1.unwrap_or(0.0)
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
    Broken(Option<TrainingError>),
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
/// [`TrainingError`] of the first training that fails.
pub fn train_all(
    trainings: &[FinalTraining],
    run: &FinalRun<'_>,
    on_event: &mut dyn FnMut(FinalEvent) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, TrainingError> {
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
    /// The training of a network from random weights; `seed` is counted from that of the settings.
    pub fn from_scratch(
        name: &str,
        network: &MeasuredNetwork,
        settings: &FitSettings,
        seed: u64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            network: network.clone(),
            settings: FitSettings { seed: settings.seed + seed, ..settings.clone() },
            start: None,
        }
    }

    /// The time that an epoch of the training takes, in seconds, its evaluation included: estimated from
    /// a few steps with `threads` threads.
    ///
    /// # Errors
    /// [`TrainingError`] if the network cannot be trained.
    pub fn epoch_s(&self, data: &FitData, threads: usize) -> Result<f64, TrainingError> {
        let (network, placement) = (&self.network.network, Placement::cpu(threads));
        let start = self.start.clone();
        let plan = FitPlan::new(network, data.clone(), start, &self.settings, placement.clone())?;
        let (batch, seed) = (self.settings.batch, self.settings.seed);
        let step = time_steps(&plan.variant.lower()?, placement, batch, TIMED_STEPS, seed)?;
        let evaluated = FORWARD_SHARE * plan.images_after_epoch() as f64 / batch as f64;
        Ok(step.ms / 1e3 * (plan.steps_per_epoch as f64 + evaluated))
    }

    /// The result, once the training has ended.
    pub fn result(&self, fitted: &Fitted) -> FinalResult {
        let Self { name, seed, network, .. } = self;
        let Fitted { top1, hold_out_top1, .. } = *fitted;
        FinalResult {
            name: name.clone(),
            seed: *seed,
            latency_ms: network.latency_ms,
            hold_out_top1,
            top1,
        }
    }

    /// The folder of the training below that of all of them.
    pub fn folder(&self, all: &Path) -> PathBuf {
        let name = self.name.replace(", ", "-").replace(' ', "-");
        all.join(format!("{name}-{}", self.seed))
    }

    fn train(
        &self,
        run: &FinalRun<'_>,
        placement: Placement,
        after_epoch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Option<Fitted>, TrainingError> {
        let folder = self.folder(run.folder);
        let data = run.data.clone();
        let network = &self.network.network;
        let plan = FitPlan::new(network, data, self.start.clone(), &self.settings, placement)?;
        let mut on_event = |event: &FitEvent<'_>| match event {
            FitEvent::Resumed { epochs } => after_epoch(*epochs),
            FitEvent::Epoch { history } => after_epoch(history.len() as u64),
            _ => ControlFlow::Continue(()),
        };
        plan.fit(&folder, &mut on_event)
    }
}

/// The results as CSV. Latencies are in milliseconds and accuracies fractions; what is not known is an
/// empty cell.
pub fn trained_csv(trained: &[FinalResult]) -> String {
    let row = |result: &FinalResult| {
        let FinalResult { name, seed, latency_ms, hold_out_top1, top1 } = result;
        let latency_ms = optional(Some(*latency_ms).filter(|ms| ms.is_finite()));
        let seed = seed.to_string();
        vec![name.clone(), seed, latency_ms, optional(*hold_out_top1), top1.to_string()]
    };
    let header = ["network", "seed", "latency_ms", "hold_out_top1", "test_top1"];
    csv_text(&header, trained.iter().map(row))
}
