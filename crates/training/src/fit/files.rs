//! The files in a training's folder. Each is written completely or not at all.

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
/// The records of the epochs, one per line.
pub(super) const HISTORY: &str = "history.jsonl";

pub(super) fn io_error(path: &Path) -> impl Fn(io::Error) -> TrainingError {
    move |source| TrainingError::Io { path: path.to_owned(), source }
}

/// Writes a file under a temporary name in the same folder, and then renames it, so that it is complete
/// or not there.
///
/// # Errors
/// [`TrainingError::Io`] if the folder is missing, cannot be written to, or is on a full disk.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainingError> {
    let write = || -> io::Result<()> {
        let mut options = tempfile::Builder::new();
        // Otherwise the file would keep the mode of a temporary file, readable only by its owner.
        #[cfg(unix)]
        options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = options.tempfile_in(folder.unwrap_or(Path::new(".")))?;
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
