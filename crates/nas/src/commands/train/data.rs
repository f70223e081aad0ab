//! Data sets of the command line.

use anyhow::Result;
use dataset::{Dataset, HoldOut, Source};
use training::fit::FitData;

use crate::args::Global;
use crate::exit::bad_input;
use crate::progress::note;

/// The most images that are named when some are left out; the others are counted.
const MAX_NAMED: usize = 5;

/// The hold-out that the user wants.
pub(crate) fn hold_out(share: f64) -> Result<HoldOut> {
    HoldOut::new(share).map_err(|error| bad_input("--hold-out", error))
}

/// Reads the data set that the user named, and says which images are left out. From here on images are
/// prepared on as many threads as train.
pub(crate) fn load(global: &Global, data: &str, hold_out: HoldOut) -> Result<FitData> {
    let bad = |error| bad_input("--data", error);
    let source: Source = data.parse().map_err(bad)?;
    // It fails where there is such a pool, that is, where data were loaded before.
    _ = rayon::ThreadPoolBuilder::new().num_threads(global.training_threads()).build_global();
    let dataset = Dataset::load(&source, hold_out).map_err(bad)?;
    if !dataset.skipped.is_empty() {
        let named = dataset.skipped.iter().take(MAX_NAMED).map(|image| format!("\n  {image}"));
        let named: String = named.collect();
        let count = dataset.skipped.len();
        note(global, &format!("{count} images cannot be decoded and are left out:{named}"));
    }
    Ok(FitData { source, dataset })
}
