//! Data sets that the user names.

use anyhow::Result;
use dataset::{DataError, Dataset, HoldOut, Source};
use search_space::Network;
use training::fit::FitData;

use crate::args::Global;
use crate::exit::{bad_input, training_error};
use crate::progress::note;
use crate::{load, screen};

/// The hold-out of `--hold-out`.
pub(crate) fn hold_out(share: f64) -> Result<HoldOut> {
    HoldOut::new(share).map_err(|error| bad_input("--hold-out", error))
}

/// Reads a data set with the hold-out of `--hold-out`, and prints how it was understood and which images
/// are left out. Images are prepared on as many threads as a training has.
pub(crate) fn load(global: &Global, data: &str, hold_out: HoldOut) -> Result<FitData> {
    load_with(global, data, hold_out, "--hold-out")
}

/// The same; errors of the hold-out are of the argument `flag`.
pub(crate) fn load_with(
    global: &Global,
    data: &str,
    hold_out: HoldOut,
    flag: &str,
) -> Result<FitData> {
    let source = load::source(data)?;
    let threads = global.training_threads();
    if threads == 0 {
        return Err(bad_input("--threads", "found 0; expected: at least 1"));
    }
    let dataset =
        Dataset::load(&source, hold_out, threads).map_err(|error| refused(&source, flag, error))?;
    for remark in &dataset.remarks {
        match remark.is_warning() {
            true => screen::warning(remark),
            false => note(global, &remark.to_string()),
        }
    }
    Ok(FitData { source, dataset })
}

fn refused(source: &Source, flag: &str, error: DataError) -> anyhow::Error {
    match (source, &error) {
        (_, DataError::Setting { place, found, expected }) if place == "hold-out" => {
            let of = if flag == "--hold-out" { "" } else { "hold-out: " };
            bad_input(flag, format!("{of}found {found}; expected: {expected}"))
        }
        (Source::Cifar10(_), DataError::Content { .. }) => {
            bad_input("--data", format!("{error}; nas data fetch cifar10 downloads it"))
        }
        _ => bad_input("--data", error),
    }
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
