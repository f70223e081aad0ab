//! Data sets that the user names.

use anyhow::Result;
use dataset::{Dataset, HoldOut, Source};
use search_space::Network;
use training::fit::FitData;

use crate::args::Global;
use crate::exit::{bad_input, training_error};
use crate::progress::note;

/// Maximum number of left out images that are listed.
const MAX_NAMED: usize = 5;

/// The hold-out of `--hold-out`.
pub(crate) fn hold_out(share: f64) -> Result<HoldOut> {
    HoldOut::new(share).map_err(|error| bad_input("--hold-out", error))
}

/// Reads a data set and prints which images are left out. Images are prepared on as many threads as
/// a training has.
pub(crate) fn load(global: &Global, data: &str, hold_out: HoldOut) -> Result<FitData> {
    let bad = |error| bad_input("--data", error);
    let source: Source = data.parse().map_err(bad)?;
    let threads = global.training_threads();
    if threads == 0 {
        return Err(bad_input("--threads", "found 0; expected: at least 1"));
    }
    let dataset = Dataset::load(&source, hold_out, threads).map_err(bad)?;
    if !dataset.skipped.is_empty() {
        let named = dataset.skipped.iter().take(MAX_NAMED).map(|image| format!("\n  {image}"));
        let named: String = named.collect();
        let count = dataset.skipped.len();
        note(global, &format!("{count} images cannot be decoded and are left out:{named}"));
    }
    Ok(FitData { source, dataset })
}

/// The data as a network of weights that the user named takes it: its classes are matched by name,
/// and its images are normalised as for that network. Prints what is not known of the network.
pub(crate) fn matched(global: &Global, data: FitData, network: &Network) -> Result<FitData> {
    let unknown: Vec<&str> = [
        ("class names", network.class_names.is_empty()),
        ("preprocessing", network.preprocessing.is_none()),
    ]
    .into_iter()
    .filter_map(|(what, is_unknown)| is_unknown.then_some(what))
    .collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(" and no ");
        note(global, &format!("the weights have no {unknown}: those of the data are taken"));
    }
    data.as_taken_by(network).map_err(|error| training_error("--weights", error))
}
