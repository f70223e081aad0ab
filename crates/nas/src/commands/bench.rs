//! `nas bench`: how fast this tool's own work is.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use training::{Optimiser, Placement, Recipe, Run};

use crate::args::Global;
use crate::args_training::{BenchCommand, BenchTrainingArgs};
use crate::exit::{Outcome, bad_input};
use crate::{load, screen};

/// Training steps before the first that counts.
const WARM_UP_STEPS: usize = 3;

#[derive(Serialize)]
struct Training {
    name: String,
    batch: usize,
    resolution: usize,
    threads: usize,
    images_per_s: f64,
    ms_per_step: f64,
    /// Of the last step; all see the same images.
    loss: f64,
}

pub(crate) fn run(global: &Global, command: &BenchCommand) -> Result<Outcome> {
    match command {
        BenchCommand::Training(args) => training(global, args)?,
    }
    Ok(Outcome::Done)
}

fn training(global: &Global, args: &BenchTrainingArgs) -> Result<()> {
    let threads = global.training_threads();
    for (name, value) in [("--batch", args.batch), ("--steps", args.steps), ("--threads", threads)]
    {
        if value == 0 {
            return Err(bad_input(name, "found 0; allowed: 1 and more"));
        }
    }
    let backend = args.device.backend()?;
    let mut network = load::network(&args.net)?;
    network.input.resolution = args.resolution.unwrap_or(network.input.resolution);
    let graph = network.lower().map_err(|error| bad_input(&args.net, error))?;
    let recipe = Recipe {
        optimiser: Optimiser::SGD,
        learning_rate: 0.01,
        weight_decay: 0.0,
        clip_norm: None,
        ema_decay: None,
        label_smoothing: 0.0,
        warm_up_steps: 0,
        // Far away: the learning rate hardly falls.
        steps: u64::MAX,
    };
    let mut run = Run::new(&graph, recipe, Placement { backend, threads }, global.seed)?;
    let images = noise(args.batch * graph.input().elements());
    let labels: Vec<u32> = (0..args.batch).map(|image| (image % graph.classes()) as u32).collect();
    let mut times_ms = Vec::with_capacity(args.steps);
    let mut loss = 0.0;
    for step in 0..WARM_UP_STEPS + args.steps {
        let start = Instant::now();
        loss = run.step(&images, &labels)?;
        if step >= WARM_UP_STEPS {
            times_ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    times_ms.sort_by(f64::total_cmp);
    let ms_per_step = (times_ms[(args.steps - 1) / 2] + times_ms[args.steps / 2]) / 2.0;
    let result = Training {
        name: network.name,
        batch: args.batch,
        resolution: network.input.resolution,
        threads,
        images_per_s: args.batch as f64 / ms_per_step * 1e3,
        ms_per_step,
        loss,
    };
    if global.json {
        return screen::print_json(&result);
    }
    let Training { name, threads, images_per_s, .. } = &result;
    println!("{name}: {images_per_s:.1} images/s, {ms_per_step:.1} ms a step, {threads} threads");
    Ok(())
}

/// Values in -1..1 that look random, the same every time.
fn noise(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}
