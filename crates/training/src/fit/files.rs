//! The files of a training's folder. Each is written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use search_space::{Network, Weights};

use crate::error::TrainingError;
use crate::weights_file::write_weights;

/// The state from which an interrupted run continues.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
/// The weights of the best epoch so far.
pub(super) const BEST: &str = "best.safetensors";
/// The weights of the last epoch.
pub(super) const LAST: &str = "last.safetensors";
/// The deployed network.
pub(super) const NETWORK: &str = "network.ron";
/// A line for each epoch.
pub(super) const HISTORY: &str = "history.jsonl";

pub(super) fn io_error(path: &Path) -> impl Fn(io::Error) -> TrainingError {
    move |source| TrainingError::Io { path: path.to_owned(), source }
}

/// Writes under a temporary name in the same folder, then renames.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainingError> {
    let write = || -> io::Result<()> {
        let mut options = tempfile::Builder::new();
        // Without this the file keeps a temporary file's mode, readable by its owner alone.
        #[cfg(unix)]
        options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = options.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(io_error(path))
}

pub(super) fn write_weights_file(
    path: &Path,
    network: &Network,
    weights: &Weights,
) -> Result<(), TrainingError> {
    write_atomically(path, &write_weights(network, weights)?)
}
