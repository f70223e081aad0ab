//! The trainings at the end of a search on images: the winner and its baselines from scratch, then the
//! winner as an ONNX file.

mod check;
mod networks;
mod text;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::final_trainings::{
    FinalEvent, FinalResult, FinalRun, FinalTraining, train_all, trained_csv,
};
use controller::search::{
    ComparedNetwork, FAMILIES, NamedBaseline, RIVALS, compared, rivals, scratch_trainings,
};
use report::write_atomically;
use serde::Serialize;
use training::fit::{FitData, FitSettings};
use training::{Backend, Form};

use super::results::Results;
use crate::args::Global;
use crate::args_images::{BaselinesKind, ImagesArgs};
use crate::commands::export;
use crate::exit::{stopped, training_error};
use crate::progress::{Progress, note};
use crate::{interrupt, weights};

pub(super) use text::lines;

use check::Checked;

/// Epochs of the trainings at the end, and seeds of the winner and its best baselines.
const DEFAULT_EPOCHS: u64 = 30;
const DEFAULT_SEEDS: u64 = 3;
/// Number of random networks among the baselines.
const RANDOM: usize = 5;
/// The name of the winner among the networks that are trained.
const WINNER: &str = "winner";

/// A trained winner with what it was compared with.
#[derive(Debug, Serialize)]
pub(super) struct Trained {
    /// The first target that it wins; `None` without a target.
    pub(super) target_ms: Option<f64>,
    pub(super) epochs: u64,
    pub(super) onnx: String,
    pub(super) weights: String,
    /// How well the supernet ranks the random networks, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Checked>,
    /// The winner first.
    pub(super) compared: Vec<ComparedNetwork>,
}

/// The files of a winner's trainings in the folder of the study.
struct Files {
    /// The networks, from which the trainings are resumed.
    networks: PathBuf,
    folder: PathBuf,
    csv: PathBuf,
    weights: PathBuf,
    onnx: PathBuf,
}

/// The number of epochs of the trainings at the end, 0 for none: what was asked for, or what the budget
/// was turned into.
pub(super) fn epochs(args: &ImagesArgs, of_budget: Option<u64>) -> u64 {
    args.epochs.or(of_budget).unwrap_or(DEFAULT_EPOCHS)
}

/// Number of trainings of the winner with different seeds.
pub(super) fn seeds(args: &ImagesArgs) -> u64 {
    args.seeds.unwrap_or(DEFAULT_SEEDS).max(1)
}

/// Trains the winners of all targets and their baselines, and writes the files of the winners. What
/// an interrupted run has done is not done again.
pub(super) fn run(
    global: &Global,
    args: &ImagesArgs,
    epochs: u64,
    results: &Results<'_>,
    out: &Path,
) -> Result<Vec<Trained>> {
    let Some((data, resolution)) = results.sources.accuracy.images() else {
        return Ok(Vec::new());
    };
    if epochs == 0 {
        return Ok(Vec::new());
    }
    let settings = FitSettings {
        epochs,
        train_resolution: Some(resolution),
        seed: global.seed,
        ..FitSettings::default()
    };
    let mut all: Vec<Trained> = Vec::new();
    let mut winners: Vec<usize> = Vec::new();
    for of_target in &results.winners {
        let Some(winner) = &of_target.best else { continue };
        if winners.contains(&winner.trial) {
            continue;
        }
        winners.push(winner.trial);
        let target_ms = of_target.target.map(controller::search::Target::ms);
        let name =
            |name: &str, extension: &str| out.join(results.file_name(name, target_ms, extension));
        let files = Files {
            networks: name("final-networks", "ron"),
            folder: name("final-trainings", "").with_extension(""),
            csv: name("final-trainings", "csv"),
            weights: name("best", "safetensors"),
            onnx: name("best", "onnx"),
        };
        let asked = match args.baselines {
            Some(BaselinesKind::None) => None,
            Some(BaselinesKind::All) | None => Some(args.check.unwrap_or(RANDOM)),
        };
        let networks = networks::of(global, results, winner, asked, &files)?;
        let Some(networks) = networks else { return Err(stopped(out)) };
        let finals =
            Finals { global, data, settings: &settings, seeds: seeds(args), files: &files };
        let Some(trained) = finals.train(&networks)? else { return Err(stopped(out)) };
        let check = match args.check {
            Some(_) => check::of(results, &networks, &trained.compared)?,
            None => None,
        };
        all.push(Trained { target_ms, check, ..trained });
    }
    Ok(all)
}

/// The most trainings that [`run`] makes for a winner: those of all networks, and the other seeds of some.
pub(super) fn most_trainings(args: &ImagesArgs) -> usize {
    let seeds = seeds(args) as usize;
    match args.baselines {
        Some(BaselinesKind::None) => seeds,
        // Two networks enclose the latency where widths leave a gap.
        Some(BaselinesKind::All) | None => {
            let families = FAMILIES.len() + 2;
            1 + families + args.check.unwrap_or(RANDOM) + (1 + RIVALS) * (seeds - 1)
        }
    }
}

impl Files {
    /// Renames the files of another winner, so that they are not continued.
    fn keep_earlier(&self) -> Result<()> {
        let name = |path: &Path, number: usize| {
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!("{own}.before-{number}"))
        };
        let of_earlier = [&self.networks, &self.folder, &self.csv];
        let is_free = |number: &usize| of_earlier.iter().all(|path| !name(path, *number).exists());
        let number = (1..).find(is_free).unwrap_or(1);
        for path in of_earlier.into_iter().filter(|path| path.exists()) {
            std::fs::rename(path, name(path, number))?;
        }
        Ok(())
    }
}

/// What the trainings of a winner and its baselines have in common.
struct Finals<'a> {
    global: &'a Global,
    data: &'a FitData,
    settings: &'a FitSettings,
    seeds: u64,
    files: &'a Files,
}

impl Finals<'_> {
    /// Trains all networks once, then the winner and its best baselines with the other seeds. Returns
    /// `None` if it was interrupted.
    fn train(&self, networks: &[NamedBaseline]) -> Result<Option<Trained>> {
        let Self { global, settings, seeds, files, .. } = *self;
        note(global, &text::cost(self.data, networks, settings, (seeds, global))?);
        let first = scratch_trainings(networks, settings, 0..1);
        let Some(mut results) = self.train_all("final trainings", &first)? else {
            return Ok(None);
        };
        let best = rivals(WINNER, &results);
        let again: Vec<NamedBaseline> = networks
            .iter()
            .filter(|one| one.name == WINNER || best.contains(&one.name.as_str()))
            .cloned()
            .collect();
        let more = scratch_trainings(&again, settings, 1..seeds);
        let Some(others) = self.train_all("other seeds", &more)? else { return Ok(None) };
        results.extend(others);
        write_atomically(&files.csv, trained_csv(&results).as_bytes())?;
        self.write_winner(first.iter().chain(&more), &results)?;
        Ok(Some(Trained {
            target_ms: None,
            check: None,
            epochs: settings.epochs,
            onnx: files.onnx.display().to_string(),
            weights: files.weights.display().to_string(),
            compared: compared(networks, &results),
        }))
    }

    fn train_all(
        &self,
        title: &str,
        trainings: &[FinalTraining],
    ) -> Result<Option<Vec<FinalResult>>> {
        let Self { global, files, .. } = *self;
        let threads = global.training_threads();
        let run =
            FinalRun { data: self.data, folder: &files.folder, backend: &Backend::Fused, threads };
        // An epoch counts as much as its network computes.
        let weights = trainings.iter().map(networks::million_macs);
        let weights = weights.collect::<Vec<usize>>();
        let total = trainings.iter().zip(&weights);
        let total = total.map(|(one, weight)| one.settings.epochs as usize * weight).sum();
        let mut epochs = vec![0; trainings.len()];
        let mut ended: Vec<Option<FinalResult>> = vec![None; trainings.len()];
        let mut bar = Progress::start(global, title);
        let trained = train_all(trainings, &run, &mut |event| {
            match event {
                FinalEvent::Epoch { index, epochs: done } => epochs[index] = done,
                FinalEvent::Ended { index, fitted } => {
                    let result = trainings[index].result(&fitted);
                    bar.above(|| note(global, &text::result(&result)));
                    epochs[index] = trainings[index].settings.epochs;
                    ended[index] = Some(result);
                }
            }
            let done =
                epochs.iter().zip(&weights).map(|(&epochs, weight)| epochs as usize * weight);
            let number: u64 = epochs.iter().sum();
            bar.at(done.sum(), total, &format!("{number} epochs"));
            interrupt::check()
        });
        bar.end();
        match trained.map_err(|error| training_error("--space", error))? {
            ControlFlow::Continue(()) => Ok(ended.into_iter().collect()),
            ControlFlow::Break(()) => Ok(None),
        }
    }

    /// Writes weights and ONNX file of the winner's training that is best on the hold-out.
    fn write_winner<'a>(
        &self,
        trainings: impl Iterator<Item = &'a FinalTraining>,
        results: &[FinalResult],
    ) -> Result<()> {
        let best = trainings
            .zip(results)
            .filter(|(training, _)| training.name == WINNER)
            .max_by(|(_, a), (_, b)| a.chosen_by().total_cmp(&b.chosen_by()));
        let Some((training, _)) = best else { return Ok(()) };
        let path = training.folder(&self.files.folder).join("best.safetensors");
        write_atomically(&self.files.weights, &std::fs::read(&path)?)?;
        let fitted = weights::fit_as(Form::Trained, &path, &training.network.network)?;
        let of = format!("trained on {} by nas search", self.data.source);
        export::write_trained(&self.files.onnx, &fitted.network, &fitted.weights, &of)
    }
}
