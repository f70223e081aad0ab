//! What is trained at the end: the adapted network, and the baselines at its latency, alike.

use std::path::Path;

use anyhow::Result;
use controller::netadapt::{Adaptation, Adapted, Baseline, Latencies, baseline};
use report::write_atomically;
use search_space::Network;
use serde::Serialize;

use super::plan::{Plan, SHORT_TRAINING_RATE, train_args};
use super::screen;
use crate::args::Global;
use crate::args_netadapt::NetAdaptArgs;
use crate::args_training::TrainArgs;
use crate::commands::train;
use crate::progress::note;

/// A network that was trained at the end.
#[derive(Serialize)]
pub(super) struct Trained {
    pub(super) name: &'static str,
    pub(super) seed: u64,
    pub(super) latency_ms: f64,
    pub(super) hold_out_top1: Option<f64>,
    /// On the test images.
    #[serde(rename = "accuracy")]
    pub(super) top1: f64,
}

const ADAPTED: &str = "adapted, from scratch";
const FINE_TUNED: &str = "adapted, fine-tuned";

/// Trains all, each in a folder of its own from which it is resumed. `None` when it was interrupted.
pub(super) fn all(
    global: &Global,
    args: &NetAdaptArgs,
    plan: &Plan,
    adapted: &Adapted,
    latencies: Latencies<'_>,
    store: &mut Adaptation,
    out: &Path,
) -> Result<Option<Vec<Trained>>> {
    let mut all = Vec::new();
    if args.seeds == 0 {
        return Ok(Some(all));
    }
    let folder = out.join("trained");
    let mut one = |name: &'static str,
                   (network, latency_ms): (&Network, f64),
                   seed: u64,
                   train: TrainArgs|
     -> Result<bool> {
        let place = folder.join(format!("{}-{seed}", name.replace(", ", "-").replace(' ', "-")));
        std::fs::create_dir_all(&place)?;
        let ron = place.join("deployed.ron");
        write_atomically(&ron, network.to_ron().as_bytes())?;
        let train = TrainArgs { net: ron.display().to_string(), ..train };
        let threads = Some(screen::jobs(global));
        let here = Global { threads, seed: global.seed + seed, ..global.clone() };
        note(global, &format!("training {name}, seed {seed}, {latency_ms:.3} ms"));
        let Some(trained) = train::train(&here, &train, &place)? else { return Ok(false) };
        let train::Trained { top1, hold_out_top1, .. } = trained;
        all.push(Trained { name, seed, latency_ms, hold_out_top1, top1 });
        Ok(true)
    };
    let scratch = train_args(args, "", args.epochs);
    let long = TrainArgs {
        weights: Some(out.join("adapted.safetensors")),
        epochs: (args.epochs / 2).max(1),
        recipe: crate::args_training::RecipeArgs {
            learning_rate: Some(SHORT_TRAINING_RATE * plan.training.recipe.learning_rate),
            ..args.recipe.clone()
        },
        ..scratch.clone()
    };
    if !one(FINE_TUNED, (&adapted.network, adapted.latency_ms), 0, long)? {
        return Ok(None);
    }
    for seed in 0..args.seeds {
        if !one(ADAPTED, (&adapted.network, adapted.latency_ms), seed, scratch.clone())? {
            return Ok(None);
        }
        let kinds = [
            Baseline::UniformWidth,
            Baseline::WidthAndResolution,
            Baseline::RandomWidths { seed: global.seed + seed },
        ];
        for kind in kinds {
            let found = baseline(kind, &plan.seed, adapted.latency_ms, latencies, store)?;
            let Some((network, ms)) = found else {
                note(global, &format!("{}: none at {:.3} ms", kind.name(), adapted.latency_ms));
                continue;
            };
            let network =
                Network { name: format!("{}-{}", plan.seed.name, kind.name()), ..network };
            // The twin's resolution goes down as the deployed one does.
            let share = network.input.resolution as f64 / plan.seed.input.resolution as f64;
            let resolution = (share * plan.training.batches.resolution as f64).round() as usize;
            let mut train = scratch.clone();
            train.recipe.train_resolution = Some(resolution);
            if !one(kind.name(), (&network, ms), seed, train)? {
                return Ok(None);
            }
        }
    }
    Ok(Some(all))
}
