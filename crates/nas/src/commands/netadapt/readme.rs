//! `README.md` of an adaptation's output folder.

use std::path::Path;

use anyhow::Result;
use report::{FileOf, FolderReadme};

use super::plan::Plan;
use crate::shell;

const FILES: [FileOf<'_>; 14] = [
    ("adapted.ron", "the adapted network"),
    ("adapted.safetensors", "its weights after the last iteration's fine-tuning"),
    ("trained", "the final trainings from scratch, one folder each: adapted network and baselines"),
    ("trained.csv", "their latencies and accuracies"),
    ("iterations", "the network after each iteration with its weights; 000 is the seed"),
    ("trajectory.csv", "what each iteration cut, its latencies and its accuracy on the hold-out"),
    ("proposals.csv", "all proposals that were evaluated"),
    ("netadapt.png", "accuracy against latency of proposals, iterations and final trainings"),
    ("netadapt.svg", "the same as SVG"),
    ("widths.png", "the channels of each layer before and after"),
    ("widths.svg", "the same as SVG"),
    ("measurements.csv", "the measured latencies, which `--measurements` replays"),
    ("seed", "the training of the seed"),
    ("netadapt.sqlite", "the state of the run; `--resume` continues from it"),
];

/// Writes the file with the result of a finished adaptation.
pub(super) fn write(plan: &Plan, result: &str, out: &Path) -> Result<()> {
    let title = format!("NetAdapt of {}", plan.seed.name);
    let (title, command, device) = (&title, &shell::command(), &plan.device);
    Ok(FolderReadme { program: "nas", title, command, device, result, files: &FILES }.write(out)?)
}

/// Writes the file of an adaptation that has only begun, so that an interrupted one explains itself.
pub(super) fn write_begun(plan: &Plan, out: &Path) -> Result<()> {
    write(plan, "not finished; the same command with --resume continues", out)
}
