//! The final trainings with progress.

use std::ops::ControlFlow;

use anyhow::Result;
use controller::final_trainings::{
    FinalEvent, FinalResult, FinalRun, FinalTraining, MeasuredNetwork, train_all,
};
use controller::netadapt::{AdaptError, Adaptation, Adapted, FinalTrainings, Latencies};

use super::outputs::Outputs;
use super::plan::Plan;
use super::progress::AdaptProgress;
use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::exit::training_error;
use crate::progress::note;

/// The final trainings. Measures the baselines for them.
pub(super) fn planned(
    global: &Global,
    (args, plan): (&NetAdaptArgs, &Plan),
    adapted: &Adapted,
    (latencies, store): (Latencies<'_>, &mut Adaptation),
    progress: &mut AdaptProgress<'_>,
) -> Result<Vec<FinalTraining>, AdaptError> {
    progress.adapted();
    if args.seeds == 0 {
        return Ok(Vec::new());
    }
    let Adapted { network, latency_ms, .. } = adapted;
    let adapted = MeasuredNetwork { network: network.clone(), latency_ms: *latency_ms };
    let all = FinalTrainings {
        seed_network: &plan.seed,
        adapted: &adapted,
        settings: &plan.fit,
        learning_rate: plan.training.recipe.learning_rate,
        variant: plan.training.differs,
        seeds: args.seeds,
    };
    let mut sought = 0;
    let mut on_baseline = |baseline| {
        progress.baseline(baseline, sought);
        sought += 1;
        crate::interrupt::check()
    };
    let (trainings, missing) = all.plan(latencies, store, &mut on_baseline)?;
    for baseline in missing {
        let text = format!("{}: no network with {latency_ms:.3} ms was found", baseline.name());
        progress.bar.above(|| note(global, &text));
    }
    Ok(trainings)
}

/// Runs all trainings, each in a folder below `out` from which it is resumed. Whenever one has ended,
/// the files are written. Returns `None` if it was interrupted.
pub(super) fn run(
    global: &Global,
    net: &str,
    trainings: &[FinalTraining],
    outputs: &mut Outputs<'_>,
    store: &Adaptation,
) -> Result<Option<Vec<FinalResult>>> {
    if trainings.is_empty() {
        outputs.trained(&[], store)?;
        return Ok(Some(Vec::new()));
    }
    let (plan, out) = (outputs.plan, outputs.files.folder().to_owned());
    let run = FinalRun {
        data: &plan.training.data,
        folder: &out.join("trained"),
        backend: &plan.training.placement.backend,
        threads: global.parallel_jobs(),
    };
    outputs.progress.final_trainings(trainings);
    let mut epochs = vec![0; trainings.len()];
    let mut ended: Vec<Option<FinalResult>> = vec![None; trainings.len()];
    let mut failure = None;
    let outcome = train_all(trainings, &run, &mut |event| {
        match event {
            FinalEvent::Epoch { index, epochs: done } => epochs[index] = done,
            FinalEvent::Ended { index, fitted } => {
                let result = trainings[index].result(&fitted);
                let FinalResult { name, seed, latency_ms, top1, .. } = &result;
                epochs[index] = trainings[index].settings.epochs;
                outputs.progress.bar.above(|| {
                    let test = 100.0 * top1;
                    let line = format!("{name}, seed {seed}: {latency_ms:.3} ms, test {test:.2} %");
                    note(global, &line);
                });
                ended[index] = Some(result);
                let so_far: Vec<FinalResult> = ended.iter().flatten().cloned().collect();
                if let Err(error) = outputs.trained(&so_far, store) {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        outputs.progress.final_epoch(trainings, &epochs);
        crate::interrupt::check()
    });
    outputs.progress.bar.end();
    if let Some(failure) = failure {
        return Err(failure);
    }
    match outcome {
        Ok(ControlFlow::Continue(())) => Ok(ended.into_iter().collect()),
        Ok(ControlFlow::Break(())) => Ok(None),
        Err(error) => Err(training_error(net, error)),
    }
}
