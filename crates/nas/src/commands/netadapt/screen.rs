//! Messages before and during an adaptation.

use anyhow::Result;
use controller::netadapt::{AdaptCost, AdaptSettings, Iteration};
use controller::search::Target;

use super::plan::Plan;
use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::measured::percent;
use crate::progress::note;

/// Which measured latencies reach the target.
pub(super) fn acceptance(target: Target) -> String {
    format!(
        "the adapted network is to be measured at {:.3} ms or less, {} below the\n\
         target (--margin), by the {}",
        target.max_measured_ms(),
        percent(target.acceptance().margin),
        target.acceptance().statistic.words()
    )
}

/// Prints what will be done, and an upper bound of its duration.
pub(super) fn estimate(
    global: &Global,
    args: &NetAdaptArgs,
    plan: &Plan,
    settings: &AdaptSettings,
    seed_ms: f64,
) -> Result<()> {
    let AdaptCost { widths, iterations, iterations_s, training_s } =
        AdaptCost::estimate(settings, &plan.training, seed_ms)?;
    let seed_s = if plan.weights.is_some() { 0.0 } else { training_s };
    // The adapted network and three baselines from scratch, and a fine-tuning with half the epochs.
    let trainings = if args.seeds == 0 { 0.0 } else { 0.5 + 4.0 * args.seeds as f64 };
    let final_s = trainings * training_s;
    note(
        global,
        &format!(
            "{}: {seed_ms:.3} ms, to be adapted to {:.3} ms\n\
             at most {iterations} iterations of {widths} proposals, each trained for {} steps of {} images\n\
             at most {} in all: {} for the seed,\n{} for the iterations, {} for the final trainings",
            plan.seed.name,
            settings.target_ms,
            args.steps,
            args.recipe.batch,
            duration(seed_s + iterations_s + final_s),
            duration(seed_s),
            duration(iterations_s),
            duration(final_s),
        ),
    );
    Ok(())
}

/// A duration in minutes, or in hours and minutes.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil() as u64;
    match minutes {
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// A line on a completed iteration.
pub(super) fn iteration_line(iteration: &Iteration) -> String {
    let accuracy = format!(
        "hold-out {:.2} % +- {:.2}",
        100.0 * iteration.hold_out.accuracy(),
        100.0 * iteration.hold_out.interval()
    );
    match iteration.number {
        0 => format!("seed: {:.3} ms, {accuracy}", iteration.latency_ms),
        number => format!(
            "iteration {number}: {} {} -> {}, {:.3} ms (cut {:.3}), {accuracy}",
            iteration.axis, iteration.from, iteration.to, iteration.latency_ms, iteration.cut_ms
        ),
    }
}
