//! `nas bench`: the duration of training steps.

use anyhow::Result;
use serde::Serialize;
use training::{Placement, StepTime, time_steps};

use crate::args::Global;
use crate::args_training::{BenchCommand, BenchTrainingArgs};
use crate::exit::{Outcome, bad_input, training_error};
use crate::memory::{self, Copies};
use crate::{load, screen};

#[derive(Serialize)]
struct Training {
    name: String,
    batch: usize,
    resolution: usize,
    threads: usize,
    images_per_s: f64,
    ms_per_step: f64,
    /// Loss of the last step; all steps have the same images.
    loss: f64,
}

pub(crate) fn run(global: &Global, command: &BenchCommand) -> Result<Outcome> {
    match command {
        BenchCommand::Training(args) => training(global, args)?,
    }
    Ok(Outcome::Done)
}

fn training(global: &Global, args: &BenchTrainingArgs) -> Result<()> {
    let (batch, threads) = (args.batch, global.training_threads());
    let placement = Placement { backend: args.device.backend()?, threads };
    let mut network = load::network(&args.net)?;
    network.input.resolution = args.resolution.unwrap_or(network.input.resolution);
    memory::check(&args.net, &network, Copies::Trained)?;
    let graph = network.lower().map_err(|error| bad_input(&args.net, error))?;
    let StepTime { ms, loss } = time_steps(&graph, placement, batch, args.steps, global.seed)
        .map_err(|error| training_error(&args.net, error))?;
    let result = Training {
        name: network.name,
        batch,
        resolution: network.input.resolution,
        threads,
        images_per_s: batch as f64 / ms * 1e3,
        ms_per_step: ms,
        loss,
    };
    if global.json {
        return screen::print_json(&result);
    }
    let Training { name, threads, images_per_s, .. } = &result;
    outln!("{name}: {images_per_s:.1} images/s, {ms:.1} ms per step, {threads} threads");
    Ok(())
}
