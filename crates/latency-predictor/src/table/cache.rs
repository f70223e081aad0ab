//! The paths of tables: one file for each device, runtime, thread count and precision.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use search_space::{SearchSpace, fnv1a};

use crate::device::setup::Setup;

/// There is no folder for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cache folder: none of NAS_CACHE, XDG_CACHE_HOME and HOME is set")]
pub struct NoCacheFolder;

/// The cache folder: the first of `$NAS_CACHE`, `$XDG_CACHE_HOME/nas` and `$HOME/.cache/nas` whose
/// variable is set. `variable` reads a variable, as `|name| std::env::var_os(name)` does.
///
/// # Errors
/// None of the variables is set.
pub fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoCacheFolder> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("NAS_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("nas")))
        .or_else(|| Some(set("HOME")?.join(".cache/nas")))
        .ok_or(NoCacheFolder)
}

/// The path of a setup's table in the cache folder: `tables/amd-epyc-1f00ba42-native-1t-f32.ron`.
pub fn table_path(folder: &Path, setup: &Setup) -> PathBuf {
    let device = &setup.device;
    let name = device.cpu.as_deref().unwrap_or("unknown").split(',').next().unwrap_or_default();
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let letters: String = letters.collect::<String>().to_ascii_lowercase();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).take(4).collect();
    let Setup { runtime, threads, .. } = setup;
    let precision = setup.precision.name();
    let hash = fnv1a(device.identity().bytes()) as u32;
    let (words, runtime) = (words.join("-"), runtime.name());
    folder.join(format!("tables/{words}-{hash:08x}-{runtime}-{threads}t-{precision}.ron"))
}

/// The path of the journal of a table that is being built for a space. It is beside the table.
pub fn journal_path(table: &Path, space: &SearchSpace) -> PathBuf {
    table.with_extension(format!("{:016x}.partial", space.fingerprint()))
}
