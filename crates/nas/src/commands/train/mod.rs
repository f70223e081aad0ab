//! `nas train`: training a network on images.

pub(crate) mod data;
mod figure;
pub(crate) mod progress;
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
use crate::exit::{Outcome, bad_input, stopped_after, training_error};
use crate::memory::Copies;
use crate::progress::note;
use crate::{interrupt, load, output_folder, resume, screen, weights};
use progress::TrainingProgress;

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
    if args.resume && !FitPlan::was_started(&out) {
        return Err(output_folder::nothing_to_resume(&FitPlan::checkpoint(&out)));
    }
    let plan = plan(global, args, &out)?;
    interrupt::listen();
    let fitted = fit_alone(global, &plan, &args.net, &out)?;
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
    outln!("{result}");
    Ok(Outcome::Done)
}

const DEFAULT_EPOCHS: u64 = 30;

fn plan(global: &Global, args: &TrainArgs, out: &Path) -> Result<FitPlan> {
    let backend = args.recipe.device.backend()?;
    let network = load::runnable(&args.net, Copies::Trained)?;
    let data = data::load(global, &args.data, data::hold_out(args.hold_out)?)?;
    let network = load::network_for_images(global, &args.net, network, &data)?;
    let start = args.weights.as_deref().map(weights::read).transpose()?;
    let before = FitPlan::epochs_planned(out).map_err(|error| training_error(&args.net, error))?;
    let epochs = args.epochs.or(before).unwrap_or(DEFAULT_EPOCHS);
    let settings = args.recipe.settings(epochs, global.seed);
    let placement = Placement { backend, threads: global.training_threads() };
    FitPlan::new(&network, data, start, &settings, placement)
        .map_err(|error| training_error(&args.net, error))
}

/// Runs a training that is a task of its own, with a hint in its folder while it is not complete.
fn fit_alone(global: &Global, plan: &FitPlan, net: &str, out: &Path) -> Result<Fitted> {
    let (mut bar, work) = progress::alone(global, plan);
    let (mut epochs, mut has_hint) = (0, false);
    let mut on_event = |event: &FitEvent<'_>| {
        match event {
            FitEvent::Resumed { epochs: before } => epochs = *before,
            FitEvent::Epoch { history } => epochs = history.len() as u64,
            FitEvent::Step { .. } if !has_hint => note(global, &resume::note(out)),
            _ => return Ok(()),
        }
        has_hint = true;
        resume::write_hint(out, &last_epoch(epochs, plan, out))
    };
    let progress = TrainingProgress::new(&mut bar, work, plan.epochs, "");
    let fitted = fit(global, (plan, net), out, progress, &mut on_event);
    bar.end();
    let fitted = fitted?.ok_or_else(|| stopped_after(out, &last_epoch(epochs, plan, out)))?;
    resume::remove_hint(out);
    Ok(fitted)
}

fn last_epoch(epochs: u64, plan: &FitPlan, out: &Path) -> String {
    match epochs {
        0 => "no epoch is complete".to_owned(),
        epochs => {
            let weights = out.join("last.safetensors");
            let all = plan.epochs;
            format!("{epochs} of {all} epochs are complete, weights in {}", weights.display())
        }
    }
}

/// Trains with progress and figures. `on_event` gets every event. Returns `None` if the training
/// was interrupted.
pub(crate) fn fit(
    global: &Global,
    (plan, net): (&FitPlan, &str),
    out: &Path,
    mut progress: TrainingProgress<'_>,
    on_event: &mut dyn FnMut(&FitEvent<'_>) -> Result<()>,
) -> Result<Option<Fitted>> {
    let mut failure = None;
    let fitted = plan.fit(out, &mut |event| {
        let handled = match event {
            FitEvent::Restarted => {
                let out = out.display();
                let text = "no epoch was finished, so the training restarts from its first step";
                note(global, &format!("{out}: {text}"));
                Ok(())
            }
            FitEvent::OtherLength { before, done, learning_rate } => {
                let epochs = plan.epochs;
                note(
                    global,
                    &format!(
                        "{done} of {before} epochs are trained; the training goes on to {epochs}.\n\
                         The learning rate is now that of a training of {epochs} epochs: {learning_rate:.2e},\n\
                         and falls to 0 at the end."
                    ),
                );
                Ok(())
            }
            FitEvent::Epoch { history } => {
                progress.bar.above(|| note(global, &epoch_line(history)));
                figure::write(plan, history, out)
            }
            FitEvent::Resumed { .. } | FitEvent::Step { .. } | FitEvent::Evaluating(_) => Ok(()),
        };
        if let Err(error) = handled.and_then(|()| on_event(event)) {
            failure = Some(error);
            return ControlFlow::Break(());
        }
        progress.on_event(event);
        interrupt::check()
    });
    let fitted = match failure {
        Some(failure) => return Err(failure),
        None => fitted.map_err(|error| training_error(net, error))?,
    };
    if fitted.is_some() {
        progress.complete();
    }
    Ok(fitted)
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
