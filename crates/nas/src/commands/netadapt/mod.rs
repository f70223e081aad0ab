//! `nas netadapt`: adapting a seed network to a target latency, layer by layer.

mod figures;
mod outputs;
mod plan;
mod progress;
mod readme;
mod result;
mod screen;
mod trainings;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use controller::netadapt::{
    AdaptCost, AdaptError, AdaptSettings, Adaptation, Event, Latencies, LatencyRecord, NetAdapt,
    adapt,
};
use controller::search::Target;
use controller::study::StudySettings;
use latency_predictor::DeviceLatency;
use search_space::Weights;

use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::commands::train;
use crate::commands::train::progress::TrainingProgress;
use crate::exit::{Outcome, bad_input, stopped, stopped_after};
use crate::progress::note;
use crate::{interrupt, output_folder, resume, shell, weights};
use outputs::Outputs;
use plan::Plan;
use progress::AdaptProgress;

const DEFAULT_RUNS: usize = 300;

pub(crate) use result::Netadapted;

pub(crate) fn run(global: &Global, args: &NetAdaptArgs) -> Result<Outcome> {
    let adapted = adapted(global, args)?;
    adapted.print(global)?;
    Ok(if adapted.met() { Outcome::Done } else { Outcome::TargetNotMet })
}

/// Adapts a network, with progress and all files, and prints nothing to stdout.
pub(crate) fn adapted(global: &Global, args: &NetAdaptArgs) -> Result<Netadapted> {
    let start = Instant::now();
    let mut plan = Plan::new(global, args)?;
    let name = output_folder::name_of(&args.net);
    let out = output_folder::choose(args.out.as_deref(), &format!("netadapt-{name}"), args.resume);
    if Adaptation::is_there(&out) && !args.resume {
        let path = out.join(controller::netadapt::FILE_NAME);
        let message = "found an adaptation; expected: another folder, or --resume to continue it";
        return Err(bad_input(path.display(), message));
    }
    if args.resume && !Adaptation::is_there(&out) {
        let path = out.join(controller::netadapt::FILE_NAME);
        return Err(output_folder::nothing_to_resume(&path));
    }
    let settings = plan.settings(args)?;
    let runs = args.runs.map_or(DEFAULT_RUNS, usize::from);
    let device = plan.table.take().map(|table| DeviceLatency::new(table, runs));
    let latencies = device.as_ref().map_or(Latencies::Replay, |d| Latencies::Device(d));
    interrupt::listen();

    let (mut store, seed_ms) = open(global, &plan, &settings, latencies, &out)?;
    let target_ms = plan.target.ms(seed_ms).map_err(plan::refused)?;
    let target = Target::new(target_ms)?.accepting(plan.acceptance);
    if let Some(device) = &device {
        let measuring =
            "measuring blocks of other widths, between which latencies are interpolated";
        let prepared = device.prepare(&plan.seed, || note(global, measuring));
        prepared.map_err(|error| explain(error.into(), || stopped(&out)))?;
    }
    note(global, &screen::acceptance(target));
    let settings = AdaptSettings {
        metric: plan.metric,
        delta: args.delta,
        decay: args.decay,
        target_ms: target.max_measured_ms(),
        fine_tune: plan.fine_tune,
        schedule: plan.schedule,
        jobs: global.parallel_jobs(),
    };
    let cost = AdaptCost::estimate(&settings, &plan.training, seed_ms)?;
    note(global, &screen::estimate(args, &plan, &cost, (seed_ms, target_ms)));
    if store.iterations()?.is_empty() {
        resume::write_hint(&out, "no iteration is complete")?;
    }
    note(global, &resume::note(&out));
    let (mut progress, seed) =
        AdaptProgress::new(global, &plan, &settings, (cost, seed_ms), args.seeds);
    let seed_weights = seed_weights(global, args, &plan, progress.of_seed(seed), &out)?;
    let Some(seed_weights) = seed_weights else {
        let last = format!("the seed's training is not complete, {}", out.join("seed").display());
        return Err(stopped_after(&out, &last));
    };

    let mut outputs = Outputs::new(global, &plan, progress, (seed_ms, target_ms), &out, &store)?;
    readme::write_begun(&plan, &out)?;
    let adapted = {
        let variant = |deployed: &_| plan.training.differs.of(deployed);
        let problem = NetAdapt {
            backend: &plan.training.placement.backend,
            seed: &plan.seed,
            weights: &seed_weights,
            variant: &variant,
            train: &plan.training.data.dataset.train,
            hold_out: &plan.training.data.dataset.hold_out,
            latencies,
            stop: &interrupt::check,
        };
        let mut on_event = |event: &Event<'_>| outputs.on_event(event);
        let adapted = adapt(&problem, &settings, &mut store, &mut on_event);
        match outputs.failure.take() {
            Some(failure) => return Err(failure),
            None => adapted.map_err(|error| explain(error, || outputs.stopped()))?,
        }
    };
    outputs.adapted(&adapted, &mut store)?;
    let planned = trainings::planned(
        global,
        (args, &plan),
        &adapted,
        (latencies, &mut store),
        &mut outputs.progress,
    );
    let planned = planned.map_err(|error| explain(error, || stopped(&out)))?;
    let trained = trainings::run(global, &args.net, &planned, &mut outputs, &store)?;
    let Some(trained) = trained else {
        return Err(stopped_after(
            &out,
            "the iterations are complete, the trainings at the end are not",
        ));
    };
    resume::remove_hint(&out);
    let measuring = device.as_ref().map_or(0.0, DeviceLatency::seconds);
    let seconds = (start.elapsed().as_secs_f64(), measuring);
    let seed = Latencies::recorded_measurement(&plan.seed, &store)?;
    result::of(&outputs, &adapted, trained, (seconds, seed))
}

/// The resumed adaptation or a new one, and the latency of the seed. Nothing is written before it is
/// known that the target is below that latency.
fn open(
    global: &Global,
    plan: &Plan,
    settings: &StudySettings,
    latencies: Latencies<'_>,
    out: &Path,
) -> Result<(Adaptation, f64)> {
    let explained = |error| explain(error, || stopped(out));
    if Adaptation::is_there(out) {
        let resumed = Adaptation::resume(out, settings);
        let mut store = resumed.map_err(|error| bad_input("--resume", error))?;
        let seed_ms = latencies.measured_ms(&plan.seed, &mut store);
        return Ok((store, seed_ms.map_err(explained)?));
    }
    note(global, &format!("measuring the seed {}", plan.seed.name));
    let seed = latencies.first_measured(&plan.seed, &plan.recorded);
    let seed = seed.map_err(explained)?;
    let seed_ms = seed.ms;
    plan.target.ms(seed_ms).map_err(plan::refused)?;
    output_folder::prepare(out)?;
    let recorded: Vec<LatencyRecord> = plan.recorded.iter().cloned().chain([seed]).collect();
    let notes = [("command".to_owned(), shell::command())];
    let store = Adaptation::create(out, settings, &notes.into(), &recorded);
    Ok((store.map_err(|error| bad_input("--out", error))?, seed_ms))
}

/// The weights of `--weights`, or of a training of the seed. Returns `None` if it was interrupted.
fn seed_weights(
    global: &Global,
    args: &NetAdaptArgs,
    plan: &Plan,
    progress: TrainingProgress<'_>,
    out: &Path,
) -> Result<Option<Weights>> {
    if let Some(weights) = &plan.weights {
        return Ok(Some(weights.clone()));
    }
    note(global, "training the seed first, since --weights is not given");
    let (plan_and_net, folder) = ((&plan.training, args.net.as_str()), out.join("seed"));
    let fitted = train::fit(global, plan_and_net, &folder, progress, &mut |_| Ok(()))?;
    let Some(fitted) = fitted else { return Ok(None) };
    let (_, weights) = weights::fit(&fitted.weights, &plan.training.variant)?;
    Ok(Some(weights))
}

fn explain(error: AdaptError, stopped: impl FnOnce() -> anyhow::Error) -> anyhow::Error {
    match error {
        AdaptError::Stopped => stopped(),
        error @ AdaptError::NotRecorded { .. } => bad_input("--measurements", error),
        error => error.into(),
    }
}
