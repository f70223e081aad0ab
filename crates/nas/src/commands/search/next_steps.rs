//! The files of a search, and the commands that go on from it, for the last screen.

use std::path::Path;

use controller::search::FoundForTarget;

use super::results::Results;
use crate::shell::{quoted, quoted_path};

/// The figures and the winners' files.
pub(super) fn files(results: &Results<'_>, found: &[FoundForTarget], out: &Path) -> Vec<String> {
    let figures = ["pareto.png", "progress.png"];
    let shown = if results.range.is_some() { &figures[..] } else { &figures[1..] };
    let figures = shown.iter().map(|name| out.join(name).display().to_string());
    let trained = results.trained.iter().flat_map(|one| [one.weights.clone(), one.onnx.clone()]);
    figures.chain(networks(results, found, out)).chain(trained).collect()
}

/// The commands that train and export the first winner, or those that go on from the trained one; empty
/// if there is no network.
pub(super) fn commands(results: &Results<'_>, found: &[FoundForTarget], out: &Path) -> Vec<String> {
    let Some(network) = networks(results, found, out).next() else { return Vec::new() };
    if let Some(trained) = results.trained.first() {
        let (network, weights) = (quoted(&network), quoted(&trained.weights));
        let netadapt =
            format!("nas netadapt {network} \\\n    --weights {weights} --data D --out DIR");
        return netadapt.lines().map(str::to_owned).collect();
    }
    let trained = out.join("trained");
    let (network, weights) = (quoted(&network), quoted_path(&trained.join("best.safetensors")));
    let (trained, onnx) = (quoted_path(&trained), quoted_path(&out.join("best.onnx")));
    [
        format!("nas train {network} \\\n    --data folder:PHOTOS --out {trained}"),
        format!("nas export {network} \\\n    --weights {weights} \\\n    --onnx {onnx}"),
    ]
    .iter()
    .flat_map(|command| command.lines().map(str::to_owned).collect::<Vec<_>>())
    .collect()
}

/// The files of the most accurate networks, target by target.
fn networks<'a>(
    results: &'a Results<'_>,
    found: &'a [FoundForTarget],
    out: &'a Path,
) -> impl Iterator<Item = String> + 'a {
    let found = found.iter().filter(|for_target| for_target.best.is_some());
    found.filter_map(move |for_target| results.network_file("best", for_target.target_ms, out))
}
