//! What is trained at the end, side by side: the adapted network, and the baselines at its latency, alike.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use anyhow::Result;
use controller::netadapt::{Adaptation, Adapted, Baseline, Latencies, baseline};
use controller::side_by_side;
use dataset::Dataset;
use report::write_atomically;
use search_space::Network;
use serde::Serialize;

use super::plan::{Plan, SHORT_TRAINING_RATE, train_args};
use super::screen;
use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::args_training::{RecipeArgs, TrainArgs};
use crate::commands::train;
use crate::progress::{Progress, note};

/// A network that was trained at the end.
#[derive(Clone, Serialize)]
pub(super) struct Trained {
    pub(super) name: &'static str,
    pub(super) seed: u64,
    pub(super) latency_ms: f64,
    pub(super) hold_out_top1: Option<f64>,
    /// On the test images.
    #[serde(rename = "accuracy")]
    pub(super) top1: f64,
}

/// A network that is to be trained.
pub(super) struct Training {
    name: &'static str,
    seed: u64,
    network: Network,
    latency_ms: f64,
    args: TrainArgs,
}

/// A message from a training to the calling thread.
enum Message {
    /// Index of the training, epochs that it has.
    Epoch(usize, u64),
    Ended(usize, Result<Option<train::Trained>>),
}

const ADAPTED: &str = "adapted, from scratch";
const FINE_TUNED: &str = "adapted, fine-tuned";

/// What is to be trained at the end, with all that is measured for it: nothing trains beside that.
pub(super) fn planned(
    global: &Global,
    args: &NetAdaptArgs,
    plan: &Plan,
    adapted: &Adapted,
    latencies: Latencies<'_>,
    store: &mut Adaptation,
    out: &Path,
) -> Result<Vec<Training>> {
    if args.seeds == 0 {
        return Ok(Vec::new());
    }
    let scratch = train_args(args, "", args.epochs);
    let long = TrainArgs {
        weights: Some(out.join("adapted.safetensors")),
        epochs: (args.epochs / 2).max(1),
        recipe: RecipeArgs {
            learning_rate: Some(SHORT_TRAINING_RATE * plan.training.recipe.learning_rate),
            ..args.recipe.clone()
        },
        ..scratch.clone()
    };
    let Adapted { network, latency_ms, .. } = adapted;
    let of_adapted = |name, seed, args| {
        let (network, latency_ms) = (network.clone(), *latency_ms);
        Training { name, seed, network, latency_ms, args }
    };
    let mut all = vec![of_adapted(FINE_TUNED, 0, long)];
    all.extend((0..args.seeds).map(|seed| of_adapted(ADAPTED, seed, scratch.clone())));
    let mut add = |kind: Baseline, seeds: Range<u64>| -> Result<()> {
        let name = kind.name();
        let like = (network, *latency_ms);
        let Some((network, ms)) = baseline(kind, &plan.seed, like, latencies, store)? else {
            note(global, &format!("{name}: none at {latency_ms:.3} ms"));
            return Ok(());
        };
        let network = Network { name: format!("{}-{name}", plan.seed.name), ..network };
        // The training variant's resolution goes down as the deployed one does.
        let share = network.input.resolution as f64 / plan.seed.input.resolution as f64;
        let resolution = (share * plan.training.batches.resolution as f64).round() as usize;
        let mut args = scratch.clone();
        args.recipe.train_resolution = Some(resolution);
        all.extend(seeds.map(|seed| {
            let (network, args) = (network.clone(), args.clone());
            Training { name, seed, network, latency_ms: ms, args }
        }));
        Ok(())
    };
    add(Baseline::UniformWidth, 0..args.seeds)?;
    add(Baseline::WidthAndResolution, 0..args.seeds)?;
    for seed in 0..args.seeds {
        add(Baseline::RandomWidths { seed: global.seed + seed }, seed..seed + 1)?;
    }
    Ok(all)
}

/// Trains all, each in a folder of its own under `out` from which it is resumed, and gives `ended` all
/// that have ended whenever one has. `None` when it was interrupted.
pub(super) fn run(
    global: &Global,
    trainings: &[Training],
    data: &Dataset,
    out: &Path,
    ended: &mut dyn FnMut(&[Trained]) -> Result<()>,
) -> Result<Option<Vec<Trained>>> {
    if trainings.is_empty() {
        ended(&[])?;
        return Ok(Some(Vec::new()));
    }
    let folder = out.join("trained");
    let jobs = screen::jobs(global).min(trainings.len());
    let quiet =
        Global { threads: Some(screen::jobs(global) / jobs), quiet: true, ..global.clone() };
    let mut state = TrainingsState::new(global, trainings);
    let indices: Vec<usize> = (0..trainings.len()).collect();
    side_by_side(
        &indices,
        jobs,
        &|&index, caller| {
            let after_epoch = |epoch| caller.tell(Message::Epoch(index, epoch));
            let result = trainings[index].run(&quiet, data, &folder, &after_epoch);
            _ = caller.tell(Message::Ended(index, result));
        },
        &mut |message| state.handle(message, ended),
    );
    state.bar.end();
    state.outcome.map(|()| state.ended.into_iter().collect())
}

/// The state of all trainings, by their messages so far.
struct TrainingsState<'a> {
    global: &'a Global,
    trainings: &'a [Training],
    bar: Progress,
    /// That each has.
    epochs: Vec<u64>,
    /// What each came to.
    ended: Vec<Option<Trained>>,
    /// What ends all of them early.
    outcome: Result<()>,
}

impl<'a> TrainingsState<'a> {
    fn new(global: &'a Global, trainings: &'a [Training]) -> Self {
        let bar = Progress::start(global, "epochs at the end");
        let (epochs, ended) = (vec![0; trainings.len()], vec![None; trainings.len()]);
        Self { global, trainings, bar, epochs, ended, outcome: Ok(()) }
    }

    /// Handles a message, and returns whether the trainings go on.
    fn handle(
        &mut self,
        message: Message,
        ended: &mut dyn FnMut(&[Trained]) -> Result<()>,
    ) -> ControlFlow<()> {
        let failed = match message {
            Message::Epoch(index, epoch) => {
                self.epochs[index] = epoch;
                self.show();
                return ControlFlow::Continue(());
            }
            Message::Ended(index, Ok(Some(result))) => {
                let so_far = self.ended(index, &result);
                match ended(&so_far) {
                    Ok(()) => return ControlFlow::Continue(()),
                    Err(error) => Err(error),
                }
            }
            Message::Ended(_, Ok(None)) => Ok(()),
            Message::Ended(_, Err(error)) => Err(error),
        };
        if self.outcome.is_ok() {
            self.outcome = failed;
        }
        ControlFlow::Break(())
    }

    /// All that have ended, of which this is one.
    fn ended(&mut self, index: usize, result: &train::Trained) -> Vec<Trained> {
        let Training { name, seed, latency_ms, ref args, .. } = self.trainings[index];
        let train::Trained { top1, hold_out_top1, .. } = *result;
        self.epochs[index] = args.epochs;
        let test = 100.0 * top1;
        self.bar.above(|| {
            let line = format!("{name}, seed {seed}: {latency_ms:.3} ms, test {test:.2} %");
            note(self.global, &line);
        });
        self.ended[index] = Some(Trained { name, seed, latency_ms, hold_out_top1, top1 });
        self.ended.iter().flatten().cloned().collect()
    }

    fn show(&mut self) {
        let all: u64 = self.trainings.iter().map(|training| training.args.epochs).sum();
        self.bar.at(self.epochs.iter().sum::<u64>() as usize, all as usize, "");
    }
}

impl Training {
    fn run(
        &self,
        global: &Global,
        data: &Dataset,
        folder: &Path,
        after_epoch: &dyn Fn(u64) -> ControlFlow<()>,
    ) -> Result<Option<train::Trained>> {
        let name = self.name.replace(", ", "-").replace(' ', "-");
        let place = folder.join(format!("{name}-{}", self.seed));
        std::fs::create_dir_all(&place)?;
        let ron = place.join("deployed.ron");
        write_atomically(&ron, self.network.to_ron().as_bytes())?;
        let args = TrainArgs { net: ron.display().to_string(), ..self.args.clone() };
        let global = Global { seed: global.seed + self.seed, ..global.clone() };
        train::train(&global, &args, data.clone(), &place, after_epoch)
    }
}
