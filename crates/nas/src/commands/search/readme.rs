//! `README.md` of a search's output folder.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use controller::search::FoundForTarget;
use report::{FileOf, FolderReadme};

use super::finals;
use super::results::Results;
use super::screen;
use super::sources::Sources;
use crate::shell;

const FILES: [FileOf<'_>; 21] = [
    ("best.ron", "the most accurate network under the target"),
    ("best-*ms.ron", "the most accurate network under each target"),
    ("best_by_reward*.ron", "the network with the greatest reward"),
    ("best-untrained*.onnx", "the most accurate network with random weights, for deployment tests"),
    ("pareto.png", "accuracy against latency: trials, front, targets, winners, known networks"),
    ("pareto.svg", "the same as SVG"),
    ("progress.png", "best accuracy against the number of trials, with random sampling beside it"),
    ("progress.svg", "the same as SVG"),
    ("pareto.csv", "all trials with their phase (`kind`), then the reference networks"),
    ("study.sqlite", "all trials and measurements; `--resume` continues from it"),
    (
        "supernet.safetensors",
        "the weights that the networks share, and the state of their training",
    ),
    ("evaluations.sqlite", "the accuracies of networks with these weights"),
    ("best*.onnx", "the most accurate network, trained, with class names and preprocessing"),
    ("best*.safetensors", "its weights"),
    ("final-networks*.ron", "the winner and its baselines with their latencies"),
    ("final-trainings*.csv", "the results of their trainings from scratch"),
    ("final-trainings*", "the trainings, one folder each"),
    ("netadapt-seed*.ron", "the slower network that NetAdapt narrowed"),
    ("netadapt*", "the adaptation to the target, with its own README"),
    ("adapted*.onnx", "the adapted network, fine-tuned, with class names and preprocessing"),
    ("trained", "the winner's training, if it was trained as proposed above"),
];

/// Writes the file with the result of a finished search.
pub(super) fn write(
    results: &Results<'_>,
    found: &[FoundForTarget],
    out: &Path,
    took: Duration,
) -> Result<()> {
    let trained = results.trained.iter().map(|trained| format!("\n\n{}", finals::lines(trained)));
    let adapted = results.adapted.iter().map(|adapted| format!("\n\n{}", adapted.lines()));
    let last = screen::last(results, found, out, took);
    with_result(results.sources, &(last + &trained.chain(adapted).collect::<String>()), out)
}

/// Writes the file of a search that has only begun, so that an interrupted one explains itself.
pub(super) fn write_begun(sources: &Sources, out: &Path) -> Result<()> {
    with_result(sources, "not finished; the same command with --resume continues", out)
}

fn with_result(sources: &Sources, result: &str, out: &Path) -> Result<()> {
    let title = format!("Search of the {}", sources.searched_words());
    let device = sources.device_words().unwrap_or_default();
    let (title, command, device) = (&title, &shell::command(), &device);
    Ok(FolderReadme { program: "nas", title, command, device, result, files: &FILES }.write(out)?)
}
