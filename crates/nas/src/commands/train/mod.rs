//! `nas train`: training a network on images.

pub(crate) mod data;
mod figure;
mod readme;
mod settings;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use training::Placement;
use training::fit::{EpochRecord, FitEvent, FitPlan, Fitted};

use crate::args::Global;
use crate::args_training::TrainArgs;
use crate::exit::{Outcome, bad_input, stopped, training_error};
use crate::progress::{Progress, note};
use crate::{interrupt, load, output_folder, screen, weights};

#[derive(Serialize)]
struct Trained {
    /// Accuracies of the best weights on the test images.
    top1: f64,
    top5: f64,
    epochs: u64,
    best_epoch: u64,
    hold_out_top1: Option<f64>,
    /// Training images per second.
    images_per_s: f64,
    /// Duration of this command.
    seconds: f64,
    weights: String,
    out: String,
}

pub(crate) fn run(global: &Global, args: &TrainArgs) -> Result<Outcome> {
    let start = Instant::now();
    let name = output_folder::name_of(&args.net);
    let out = output_folder::choose(args.out.as_deref(), &format!("train-{name}"), args.resume);
    if FitPlan::is_there(&out) && !args.resume {
        let message = "found a training; expected: another folder, or --resume to continue it";
        return Err(bad_input(FitPlan::checkpoint(&out).display(), message));
    }
    let plan = plan(global, args)?;
    interrupt::listen();
    let Some(fitted) = fit(global, &plan, &args.net, &out)? else {
        return Err(stopped(&out));
    };
    let Fitted { top1, top5, epochs, best_epoch, hold_out_top1, images_per_s, weights } = fitted;
    let result = format!(
        "top-1 {:.2} %, top-5 {:.2} % on the test images after epoch {best_epoch}; \
         {images_per_s:.0} images/s\n{}",
        100.0 * top1,
        100.0 * top5,
        weights.display()
    );
    readme::write(args, plan.placement.threads, &result, &out)?;
    let weights = weights.display().to_string();
    if global.json {
        let seconds = start.elapsed().as_secs_f64();
        let out = out.display().to_string();
        screen::print_json(&Trained {
            top1,
            top5,
            epochs,
            best_epoch,
            hold_out_top1,
            images_per_s,
            seconds,
            weights,
            out,
        })?;
        return Ok(Outcome::Done);
    }
    println!("{result}");
    Ok(Outcome::Done)
}

fn plan(global: &Global, args: &TrainArgs) -> Result<FitPlan> {
    let backend = args.recipe.device.backend()?;
    let data = data::load(global, &args.data, data::hold_out(args.hold_out)?)?;
    let network = load::network(&args.net)?;
    let start = args.weights.as_deref().map(weights::read).transpose()?;
    let settings = args.recipe.settings(args.epochs, global.seed);
    let placement = Placement { backend, threads: global.training_threads() };
    FitPlan::new(&network, data, start, &settings, placement)
        .map_err(|error| training_error(&args.net, error))
}

/// Trains with progress and figures. Returns `None` if it was interrupted.
pub(crate) fn fit(
    global: &Global,
    plan: &FitPlan,
    net: &str,
    out: &Path,
) -> Result<Option<Fitted>> {
    let (mut bar, mut shown) = (Progress::Quiet, 0);
    let mut failure = None;
    let fitted = plan.fit(out, &mut |event| {
        match event {
            FitEvent::Restarted => {
                let out = out.display();
                let text = "no epoch was finished, so the training restarts from its first step";
                note(global, &format!("{out}: {text}"));
            }
            FitEvent::Step { epoch, done, steps, loss } => {
                if shown != *epoch {
                    shown = *epoch;
                    bar = Progress::start(global, &format!("epoch {epoch}"));
                }
                bar.at(*done as usize, *steps as usize, &format!("loss {loss:.3}"));
            }
            FitEvent::Epoch { history } => {
                bar.end();
                note(global, &epoch_line(history));
                if let Err(error) = figure::write(plan, history, out) {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        interrupt::check()
    });
    bar.end();
    match failure {
        Some(failure) => Err(failure),
        None => fitted.map_err(|error| training_error(net, error)),
    }
}

fn epoch_line(history: &[EpochRecord]) -> String {
    let Some(EpochRecord { epoch, train_loss, hold_out_top1, images_per_s, .. }) = history.last()
    else {
        return String::new();
    };
    let accuracy = hold_out_top1.map(|top1| format!(", hold-out {:.2} %", 100.0 * top1));
    let accuracy = accuracy.unwrap_or_default();
    format!("epoch {epoch}: loss {train_loss:.4}{accuracy}, {images_per_s:.0} images/s")
}
