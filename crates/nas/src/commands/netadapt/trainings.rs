//! What is trained at the end, side by side: the adapted network, and the baselines at its latency, alike.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::Result;
use controller::netadapt::{Adaptation, Adapted, Baseline, Latencies, baseline};
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

/// What a training tells of itself.
enum News {
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
        // The twin's resolution goes down as the deployed one does.
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
    out: &Path,
    ended: &mut dyn FnMut(&[Trained]) -> Result<()>,
) -> Result<Option<Vec<Trained>>> {
    if trainings.is_empty() {
        ended(&[])?;
        return Ok(Some(Vec::new()));
    }
    let folder = out.join("trained");
    let jobs = screen::jobs(global).min(trainings.len());
    let threads = Some(screen::jobs(global) / jobs);
    let bar = Progress::start(global, "epochs at the end");
    let (next, halted) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, news) = mpsc::channel();
    let all = std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, halted) = (sender.clone(), &next, &halted);
            let (folder, global) = (&folder, Global { threads, quiet: true, ..global.clone() });
            scope.spawn(move || {
                while !halted.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(training) = trainings.get(index) else { return };
                    let after_epoch = |epoch| {
                        _ = sender.send(News::Epoch(index, epoch));
                        match halted.load(Ordering::Relaxed) {
                            true => ControlFlow::Break(()),
                            false => ControlFlow::Continue(()),
                        }
                    };
                    let result = training.run(&global, folder, &after_epoch);
                    if !matches!(result, Ok(Some(_))) {
                        halted.store(true, Ordering::Relaxed);
                    }
                    _ = sender.send(News::Ended(index, result));
                }
            });
        }
        drop(sender);
        let mut trained = |so_far: &[Trained]| {
            let written = ended(so_far);
            if written.is_err() {
                halted.store(true, Ordering::Relaxed);
            }
            written
        };
        hear(global, trainings, bar, news, &mut trained)
    })?;
    Ok(all.into_iter().collect())
}

/// Shows how the trainings go on; what each came to, `None` for those that did not end.
fn hear(
    global: &Global,
    trainings: &[Training],
    mut bar: Progress,
    news: mpsc::Receiver<News>,
    trained: &mut dyn FnMut(&[Trained]) -> Result<()>,
) -> Result<Vec<Option<Trained>>> {
    let mut ended: Vec<Option<Trained>> = vec![None; trainings.len()];
    let mut epochs = vec![0; trainings.len()];
    let all_epochs: u64 = trainings.iter().map(|training| training.args.epochs).sum();
    let mut failure = None;
    for news in news {
        match news {
            News::Epoch(index, epoch) => {
                epochs[index] = epoch;
                bar.at(epochs.iter().sum::<u64>() as usize, all_epochs as usize, "");
            }
            News::Ended(index, Ok(Some(result))) => {
                let Training { name, seed, latency_ms, .. } = trainings[index];
                epochs[index] = trainings[index].args.epochs;
                let train::Trained { top1, hold_out_top1, .. } = result;
                let test = 100.0 * top1;
                bar.above(|| {
                    let line = format!("{name}, seed {seed}: {latency_ms:.3} ms, test {test:.2} %");
                    note(global, &line);
                });
                ended[index] = Some(Trained { name, seed, latency_ms, hold_out_top1, top1 });
                let so_far: Vec<Trained> = ended.iter().flatten().cloned().collect();
                if let Err(error) = trained(&so_far) {
                    failure.get_or_insert(error);
                }
            }
            News::Ended(_, Ok(None)) => {}
            News::Ended(_, Err(error)) => {
                failure.get_or_insert(error);
            }
        }
    }
    bar.end();
    match failure {
        Some(error) => Err(error),
        None => Ok(ended),
    }
}

impl Training {
    fn run(
        &self,
        global: &Global,
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
        train::train(&global, &args, &place, after_epoch)
    }
}
