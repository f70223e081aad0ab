//! `README.md` of a training's output folder.

use std::path::Path;

use anyhow::Result;
use latency_predictor::{Runtime, Setup};
use report::{FileOf, FolderReadme};

use crate::args_training::TrainArgs;
use crate::shell;

const FILES: [FileOf<'_>; 7] = [
    ("network.ron", "the deployed network with the classes of the data"),
    ("best.safetensors", "the weights of the best epoch, for eval, export, infer and netadapt"),
    ("last.safetensors", "the weights of the last epoch"),
    ("checkpoint.safetensors", "the state of the training; `--resume` continues from it"),
    ("history.jsonl", "losses, accuracies and speed of each epoch"),
    ("training.png", "loss and accuracy over the epochs"),
    ("training.svg", "the same as SVG"),
];

/// Writes the file with the result of a finished training with `threads` threads.
pub(super) fn write(args: &TrainArgs, threads: usize, result: &str, out: &Path) -> Result<()> {
    let device = match args.recipe.device.device.as_str() {
        "cpu" => Setup::here(Runtime::Native, threads).threads_and_cpu(),
        device => device.to_owned(),
    };
    let title = format!("Training of {} on {}", args.net, args.data);
    let (title, command, device) = (&title, &shell::command(), &device);
    Ok(FolderReadme { program: "nas", title, command, device, result, files: &FILES }.write(out)?)
}
