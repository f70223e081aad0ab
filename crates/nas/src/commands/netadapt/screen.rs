//! What people read before and during an adaptation.

use std::time::Instant;

use anyhow::Result;
use controller::netadapt::{AdaptSettings, Iteration};
use search_space::axes;
use training::{Placement, Run};

use super::plan::Plan;
use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::progress::note;

/// Training steps that are timed, after one that is not.
const TIMED: usize = 3;
/// Forward takes this share of a training step.
const FORWARD_SHARE: f64 = 0.3;

/// Says what will be done and how long that takes at most, from timed training steps.
pub(super) fn estimate(
    global: &Global,
    args: &NetAdaptArgs,
    plan: &Plan,
    settings: &AdaptSettings,
    seed_ms: f64,
) -> Result<()> {
    let axes = axes(&plan.seed)?.iter().filter(|axis| axis.can_be_adapted()).count();
    let iterations = max_iterations(settings, seed_ms);
    let image_s = image_seconds(plan)?;
    let data = &plan.training.data.dataset;
    let (trained, evaluated) = plan.schedule.mean_cost(args.steps);
    let proposal_s = trained * args.recipe.batch as f64 * image_s
        + evaluated * data.hold_out.len() as f64 * FORWARD_SHARE * image_s;
    let adapting_s = (iterations * axes) as f64 * proposal_s / settings.jobs as f64;
    let epoch_s = data.train.len() as f64 * image_s / settings.jobs as f64;
    let epochs = |count: f64| count * args.epochs as f64 * epoch_s;
    let seed_s = if plan.weights.is_some() { 0.0 } else { epochs(1.0) };
    let last_s = if args.seeds == 0 { 0.0 } else { epochs(0.5 + 4.0 * args.seeds as f64) };
    note(
        global,
        &format!(
            "{}: {seed_ms:.3} ms, to {:.3} ms; {axes} widths can be narrowed; at most {iterations} iterations, \
             each of {axes} proposals trained for {} steps of {} images\nat most {}: seed {}, iterations {}, \
             trainings at the end {}",
            plan.seed.name,
            settings.target_ms,
            args.steps,
            args.recipe.batch,
            duration(seed_s + adapting_s + last_s),
            duration(seed_s),
            duration(adapting_s),
            duration(last_s),
        ),
    );
    Ok(())
}

/// Iterations if each cuts as little as it may.
fn max_iterations(settings: &AdaptSettings, seed_ms: f64) -> usize {
    let (mut left_ms, mut iterations) = (seed_ms - settings.target_ms, 0);
    let mut cut_ms = settings.delta * seed_ms;
    while left_ms > 0.0 && cut_ms > 1e-4 * seed_ms {
        left_ms -= cut_ms;
        cut_ms *= settings.decay;
        iterations += 1;
    }
    iterations
}

/// Of training, on one thread, for one image of the seed's training variant.
fn image_seconds(plan: &Plan) -> Result<f64> {
    let graph = plan.training.variant.lower()?;
    let placement = Placement { threads: 1, ..plan.training.placement.clone() };
    let mut run = Run::new(&graph, plan.fine_tune.recipe, placement, 0)?;
    let batch = plan.fine_tune.batches.batch;
    let images = vec![0.5; batch * graph.input().elements()];
    let labels = vec![0; batch];
    run.step(&images, &labels)?;
    let start = Instant::now();
    for _ in 0..TIMED {
        run.step(&images, &labels)?;
    }
    Ok(start.elapsed().as_secs_f64() / (TIMED * batch) as f64)
}

/// In minutes, or hours and minutes.
pub(super) fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil() as u64;
    match minutes {
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// One line for a completed iteration.
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
