//! Weights files that the user names.

use std::path::Path;

use anyhow::Result;
use report::write_atomically;
use search_space::{Network, Weights};
use training::{WeightsFile, write_weights};

use crate::exit::{bad_input, message};

/// Reads a weights file.
pub(crate) fn read(path: &Path) -> Result<WeightsFile> {
    let bytes = std::fs::read(path).map_err(|error| bad_input(path.display(), error))?;
    WeightsFile::read(&bytes).map_err(|error| bad_input(path.display(), error))
}

/// `network` with the number of classes and the batch norm settings of a weights file, and its weights.
pub(crate) fn fit(path: &Path, network: &Network) -> Result<(Network, Weights)> {
    read(path)?.fit(network).map_err(|error| bad_input(path.display(), error))
}

pub(crate) fn write(path: &Path, network: &Network, weights: &Weights) -> Result<()> {
    Ok(write_atomically(path, &write_weights(network, weights)?)?)
}

/// Maps the error of writing a file to one that names its argument.
pub(crate) fn refused(argument: &'static str) -> impl FnOnce(anyhow::Error) -> anyhow::Error {
    move |error| bad_input(argument, message(&error))
}
