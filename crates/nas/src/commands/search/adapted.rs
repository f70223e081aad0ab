//! NetAdapt after a search: a network that is slower than the target is adapted to it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::netadapt::Adaptation;
use controller::search::{Target, netadapt_seed};
use report::write_atomically;
use serde::Serialize;
use training::Form;

use super::finals;
use super::images::HOLD_OUT;
use super::results::Results;
use crate::args::{Global, TableChoice};
use crate::args_images::ThenKind;
use crate::args_netadapt::{MetricKind, NetAdaptArgs, ScheduleKind};
use crate::args_search::SearchArgs;
use crate::args_training::RecipeArgs;
use crate::commands::export;
use crate::commands::netadapt::{self, Netadapted};
use crate::progress::note;
use crate::{load, weights};

/// Minimum latency reduction of an iteration, as a share of the seed's latency: a seed that is 8 to 25 %
/// above the target is adapted in a dozen iterations at most.
const DELTA: f64 = 0.02;
/// Training steps for each proposal.
const STEPS: u64 = 200;

/// A network that was adapted to a target.
#[derive(Debug, Serialize)]
pub(super) struct AdaptedToTarget {
    onnx: String,
    #[serde(flatten)]
    netadapted: Netadapted,
}

impl AdaptedToTarget {
    /// The lines of the last screen.
    pub(super) fn lines(&self) -> String {
        format!("NetAdapt: {}\n{}", self.netadapted.text(), self.onnx)
    }
}

/// Adapts a slower network to each target, if that was asked for. What an interrupted run has done is not
/// done again.
pub(super) fn run(
    global: &Global,
    args: &SearchArgs,
    epochs: u64,
    results: &Results<'_>,
    out: &Path,
) -> Result<Vec<AdaptedToTarget>> {
    let Some(ThenKind::Netadapt) = args.images.then else { return Ok(Vec::new()) };
    let (Some(space), Some(data)) = (&results.sources.space, &args.images.data) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for &target in results.settings.goal.targets() {
        let Some(seed) = netadapt_seed(&results.trials, target) else {
            let text = "no network of the search is 8 to 25 % above the target";
            note(global, &format!("{text} of {} ms:\nnothing is adapted to it", target.ms()));
            continue;
        };
        let measured_ms = results.sources.problem().measure(&seed.genotype)?.p50_ms;
        if measured_ms <= target.ms() {
            let text =
                format!("the network to adapt takes {measured_ms:.3} ms, predicted were more");
            note(global, &format!("{text}:\nnothing is adapted to {} ms", target.ms()));
            continue;
        }
        let name = |name: &str, extension: &str| {
            out.join(results.file_name(name, Some(target.ms()), extension))
        };
        let seed_file = name("netadapt-seed", "ron");
        write_atomically(&seed_file, space.decode(&seed.genotype)?.to_ron().as_bytes())?;
        let folder = name("netadapt", "").with_extension("");
        let netadapt = arguments(args, data, &seed_file, (target, epochs), &folder);
        let netadapted = netadapt::adapted(global, &netadapt)?;
        let onnx = name("adapted", "onnx");
        let network = folder.join("adapted.ron").display().to_string();
        let (network, path) = (load::network(&network)?, folder.join("adapted.safetensors"));
        let fitted = weights::fit_as(Form::Trained, &path, &network)?;
        let of = format!("adapted on {data} by nas search --then netadapt");
        export::write_trained(&onnx, &fitted.network, &fitted.weights, &of)?;
        all.push(AdaptedToTarget { onnx: onnx.display().to_string(), netadapted });
    }
    Ok(all)
}

/// The adaptation of the network in a file, in a folder of its own.
fn arguments(
    args: &SearchArgs,
    data: &str,
    seed: &Path,
    (target, epochs): (Target, u64),
    folder: &Path,
) -> NetAdaptArgs {
    let TableChoice { table, allow_foreign } = &args.table;
    NetAdaptArgs {
        net: seed.display().to_string(),
        weights: None,
        data: data.to_owned(),
        target_ms: Some(target.ms()),
        target_ratio: 1.0,
        margin: target.acceptance().margin.share(),
        delta: DELTA,
        decay: 1.0,
        steps: STEPS,
        metric: MetricKind::Ratio,
        schedule: ScheduleKind::Full,
        epochs,
        seeds: finals::seeds(&args.images),
        recipe: RecipeArgs::with_resolution(args.images.train_resolution),
        hold_out: HOLD_OUT,
        measurements: None,
        table: TableChoice { table: table.clone(), allow_foreign: *allow_foreign },
        runs: args.runs,
        out: Some(PathBuf::from(folder)),
        resume: Adaptation::is_there(folder),
    }
}
