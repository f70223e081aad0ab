//! `nas train`: from a network and images to weights.

pub(crate) mod data;
mod figure;
mod history;
pub(crate) mod plan;
pub(crate) mod variant;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use dataset::Dataset;
use report::write_atomically;
use serde::Serialize;
use training::{Checkpoint, Model, Run, evaluate};

use crate::args::Global;
use crate::args_training::TrainArgs;
use crate::exit::{Outcome, bad_input};
use crate::progress::{Progress, note};
use crate::{interrupt, output_folder, screen, weights};
use history::Line;
use plan::Plan;

const CHECKPOINT: &str = "checkpoint.safetensors";
const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";

/// What a training came to.
#[derive(Serialize)]
pub(crate) struct Trained {
    /// Of the best weights on the test images.
    pub(crate) top1: f64,
    top5: f64,
    epochs: u64,
    best_epoch: u64,
    pub(crate) hold_out_top1: Option<f64>,
    /// While training.
    images_per_s: f64,
    /// Of this command.
    seconds: f64,
    pub(crate) weights: String,
    out: String,
}

pub(crate) fn run(global: &Global, args: &TrainArgs) -> Result<Outcome> {
    let name = args.net.rsplit('/').next().unwrap_or_default().trim_end_matches(".ron");
    let out = output_folder::choose(args.out.as_deref(), &format!("train-{name}"), args.resume);
    let checkpoint = out.join(CHECKPOINT);
    if checkpoint.exists() && !args.resume {
        let message = "found; allowed: a folder without a run, or --resume to continue it";
        return Err(bad_input(checkpoint.display(), message));
    }
    let data = data::of(global, args)?;
    let Some(trained) = train(global, args, data, &out, &|_| ControlFlow::Continue(()))? else {
        let out = out.display();
        bail!("stopped; the same command with --out {out} --resume goes on");
    };
    if global.json {
        screen::print_json(&trained)?;
        return Ok(Outcome::Done);
    }
    let Trained { top1, top5, best_epoch, weights, images_per_s, .. } = &trained;
    println!(
        "top-1 {:.2} %, top-5 {:.2} % on the test images after epoch {best_epoch}; \
         {images_per_s:.0} images/s; {weights}",
        100.0 * top1,
        100.0 * top5
    );
    Ok(Outcome::Done)
}

/// Trains to the last epoch, going on from the folder's checkpoint where there is one, and evaluates
/// the best weights. `None` when it was interrupted, or when `after_epoch` breaks.
pub(crate) fn train(
    global: &Global,
    args: &TrainArgs,
    data: Dataset,
    out: &Path,
    after_epoch: &dyn Fn(u64) -> ControlFlow<()>,
) -> Result<Option<Trained>> {
    let start = Instant::now();
    let plan = Plan::new(global, args, data)?;
    let mut run = plan.start(global, args)?;
    let settings = plan.settings(args);
    let checkpoint = out.join(CHECKPOINT);
    if checkpoint.exists() {
        resume(&checkpoint, &settings, &mut run)?;
    } else if out.join("network.ron").exists() {
        let place = out.display();
        note(
            global,
            &format!("{place}: no epoch was finished; the run starts from its first step"),
        );
    }
    let done = run.steps_done() / plan.steps_per_epoch;
    let mut history = history::read(out, done)?;
    output_folder::prepare(out)?;
    interrupt::listen();
    write_atomically(&out.join("network.ron"), plan.deployed.to_ron().as_bytes())?;

    let settings = serde_json::to_string(&settings)?;
    for epoch in done + 1..=args.epochs {
        let line = train_epoch(global, &plan, &mut run, epoch)?;
        let Some(line) = line else {
            write_atomically(&checkpoint, &run.checkpoint(&settings)?)?;
            return Ok(None);
        };
        history.push(line);
        save(&plan, &run, &history, out)?;
        figure::write(&plan, &args.data, &history, out)?;
        // Last: until it is there, the epoch is done again, with the same result.
        write_atomically(&checkpoint, &run.checkpoint(&settings)?)?;
        if after_epoch(epoch).is_break() {
            return Ok(None);
        }
    }
    finish(global, &plan, &history, out, start).map(Some)
}

fn resume(path: &Path, settings: &BTreeMap<String, String>, run: &mut Run) -> Result<()> {
    let bad = |error| bad_input(path.display(), error);
    let bytes = std::fs::read(path)?;
    let checkpoint = Checkpoint::read(&bytes).map_err(bad)?;
    let before: BTreeMap<String, String> = serde_json::from_str(checkpoint.settings())?;
    let none = "nothing".to_owned();
    let differences: String = settings
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| {
            let was = before.get(name).unwrap_or(&none);
            format!("\n  {name}: found {value}; allowed: {was}")
        })
        .collect();
    if !differences.is_empty() {
        let message = format!("the run was started with other settings:{differences}");
        return Err(bad_input("--resume", message));
    }
    run.resume(checkpoint).map_err(bad)
}

/// None when it was interrupted.
fn train_epoch(global: &Global, plan: &Plan, run: &mut Run, epoch: u64) -> Result<Option<Line>> {
    let (start, first) = (Instant::now(), run.steps_done());
    let mut bar = Progress::start(global, &format!("epoch {epoch}"));
    let steps = plan.steps_per_epoch as usize;
    let trained = run.epoch(&plan.data.train, &plan.batches, |run, loss| {
        let done = run.steps_done() as usize - (epoch as usize - 1) * steps;
        bar.at(done, steps, &format!("loss {loss:.3}"));
        interrupt::check()
    });
    bar.end();
    let Some(trained) = trained? else { return Ok(None) };
    let seconds = start.elapsed().as_secs_f64();
    let images = (run.steps_done() - first) * plan.batches.batch as u64;
    let hold_out = &plan.data.hold_out;
    let evaluation = if hold_out.is_empty() { None } else { Some(run.evaluate(hold_out)?) };
    let line = Line {
        epoch,
        steps: run.steps_done(),
        learning_rate: run.learning_rate(),
        train_loss: trained.loss,
        hold_out_top1: evaluation.map(|evaluation| evaluation.top1),
        hold_out_loss: evaluation.map(|evaluation| evaluation.loss),
        seconds,
        images_per_s: images as f64 / seconds,
    };
    let accuracy = evaluation.map(|evaluation| 100.0 * evaluation.top1);
    let accuracy = accuracy.map_or(String::new(), |top1| format!(", hold-out {top1:.2} %"));
    let speed = format!("{:.0} images/s", line.images_per_s);
    note(global, &format!("epoch {epoch}: loss {:.4}{accuracy}, {speed}", line.train_loss));
    Ok(Some(line))
}

/// Everything but the checkpoint.
fn save(plan: &Plan, run: &Run, history: &[Line], out: &Path) -> Result<()> {
    let weights = run.result().to_weights()?;
    weights::write(&out.join(LAST), &plan.variant, &weights)?;
    if history::best(history) == history.last() {
        weights::write(&out.join(BEST), &plan.variant, &weights)?;
    }
    history::write(out, history)
}

fn finish(
    global: &Global,
    plan: &Plan,
    history: &[Line],
    out: &Path,
    start: Instant,
) -> Result<Trained> {
    let best: PathBuf = out.join(BEST);
    let (network, tensors) = weights::fit(&best, &plan.variant)?;
    let model = Model::new(&network.lower()?, plan.backend.clone(), 0)?;
    model.load(&tensors)?;
    let evaluation = evaluate(&model, &plan.data.test, global.training_threads())?;
    let best_line = history::best(history);
    let images = |line: &Line| line.images_per_s * line.seconds;
    Ok(Trained {
        top1: evaluation.top1,
        top5: evaluation.top5,
        epochs: history.len() as u64,
        best_epoch: best_line.map_or(0, |line| line.epoch),
        hold_out_top1: best_line.and_then(|line| line.hold_out_top1),
        images_per_s: history.iter().map(images).sum::<f64>()
            / history.iter().map(|line| line.seconds).sum::<f64>(),
        seconds: start.elapsed().as_secs_f64(),
        weights: best.display().to_string(),
        out: out.display().to_string(),
    })
}
