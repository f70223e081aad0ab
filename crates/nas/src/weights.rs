//! Weights files of the command line.

use std::path::Path;

use anyhow::Result;
use report::write_atomically;
use search_space::{Network, Weights};
use training::{WeightsFile, write_weights};

use crate::exit::bad_input;

/// The weights file that the user named.
pub(crate) fn read(path: &Path) -> Result<WeightsFile> {
    let bytes = std::fs::read(path).map_err(|error| bad_input(path.display(), error))?;
    WeightsFile::read(&bytes).map_err(|error| bad_input(path.display(), error))
}

/// `network` with the classes and batch norm settings of a weights file, and its weights.
pub(crate) fn fit(path: &Path, network: &Network) -> Result<(Network, Weights)> {
    read(path)?.fit(network).map_err(|error| bad_input(path.display(), error))
}

/// Writes a weights file.
pub(crate) fn write(path: &Path, network: &Network, weights: &Weights) -> Result<()> {
    Ok(write_atomically(path, &write_weights(network, weights)?)?)
}

/// For `map_err` on the writing of a file that the user named.
pub(crate) fn refused(argument: &'static str) -> impl FnOnce(anyhow::Error) -> anyhow::Error {
    move |error| bad_input(argument, format!("{error:#}"))
}
