//! Output folders: their default names, and whether they can be written to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::exit::bad_input;

/// The part of a folder's default name that stands for the network that the user named.
pub(crate) fn name_of(net: &str) -> &str {
    net.rsplit('/').next().unwrap_or_default().trim_end_matches(".ron")
}

/// The folder to write to. Without `out`, a new run gets the first free folder of `results/NAME`,
/// `results/NAME-2` and so on, and a resumed run the last one that is taken.
pub(crate) fn choose(out: Option<&Path>, name: &str, resume: bool) -> PathBuf {
    if let Some(out) = out {
        return out.to_path_buf();
    }
    let numbered = |number: usize| match number {
        1 => Path::new("results").join(name),
        number => Path::new("results").join(format!("{name}-{number}")),
    };
    let free = (1..).find(|&number| is_free(&numbered(number))).unwrap_or(1);
    numbered(if resume { (free - 1).max(1) } else { free })
}

/// Whether the folder does not exist or is empty.
fn is_free(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none())
}

/// Creates the folder and checks that files can be written there.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    is_writable(folder).map_err(|error| bad_input(folder.display(), error))
}

/// Creates the folder and a file in it, which is removed again.
pub(crate) fn is_writable(folder: &Path) -> io::Result<()> {
    let existed = folder.exists();
    fs::create_dir_all(folder)?;
    let probe = folder.join(".nas-write-probe");
    let written = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    if written.is_err() && !existed {
        _ = fs::remove_dir(folder);
    }
    written
}

/// Removes a folder that [`prepare`] created and in which nothing was written.
pub(crate) fn leave_out(folder: &Path, existed: bool) {
    if !existed {
        // A folder with files stays.
        _ = fs::remove_dir(folder);
    }
}

/// The error of `--resume` without `file`, from which a run continues.
pub(crate) fn nothing_to_resume(file: &Path) -> anyhow::Error {
    let file = file.display();
    bad_input(
        "--resume",
        format!("found nothing to resume: no {file}; without --resume, a new run starts"),
    )
}
