//! What is in folders, without what operating systems and other programs leave there.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::photo_file::has_photo_name;
use crate::error::{DataError, io_error};

/// Folders of operating systems and of network storage. Some hold thumbnails of the photos.
const SYSTEM_FOLDERS: [&str; 6] =
    ["__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// What is in a folder, each list sorted by path.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) folders: Vec<PathBuf>,
    /// Files, and links to files that may not exist.
    pub(super) files: Vec<PathBuf>,
    /// Hidden files and folders, folders of operating systems, and what is neither file nor folder.
    pub(super) system: Vec<PathBuf>,
}

impl Entries {
    pub(super) fn of(folder: &Path) -> Result<Self, DataError> {
        let mut entries = Self::default();
        for entry in fs::read_dir(folder).map_err(io_error(folder))? {
            let path = entry.map_err(io_error(folder))?.path();
            let name = path.file_name().unwrap_or_default();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            // Links are followed; a link to nothing is a file that cannot be read.
            let kind = fs::metadata(&path);
            let is_folder = kind.as_ref().is_ok_and(fs::Metadata::is_dir);
            let list = match kind {
                _ if hidden => &mut entries.system,
                _ if is_folder && SYSTEM_FOLDERS.iter().any(|system| name == *system) => {
                    &mut entries.system
                }
                _ if is_folder => &mut entries.folders,
                Ok(kind) if !kind.is_file() => &mut entries.system,
                _ => &mut entries.files,
            };
            list.push(path);
        }
        for list in [&mut entries.folders, &mut entries.files, &mut entries.system] {
            list.sort();
        }
        Ok(entries)
    }

    /// The number of files that are photos by their names.
    pub(super) fn photos(&self) -> usize {
        self.files.iter().filter(|path| has_photo_name(path)).count()
    }
}

/// Adds the files in `folder` and in all folders below it to `files`, and what is left out there to
/// `system`.
pub(super) fn files_below(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    system: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    let mut entries = Entries::of(folder)?;
    files.append(&mut entries.files);
    system.append(&mut entries.system);
    for inner in entries.folders {
        if is_link_upwards(&inner, folder)? {
            system.push(inner);
        } else {
            files_below(&inner, files, system)?;
        }
    }
    Ok(())
}

/// Whether `inner` is a link to `folder` or to a folder that has it, which would never end.
fn is_link_upwards(inner: &Path, folder: &Path) -> Result<bool, DataError> {
    let kind = fs::symlink_metadata(inner).map_err(io_error(inner))?;
    if !kind.is_symlink() {
        return Ok(false);
    }
    let target = fs::canonicalize(inner).map_err(io_error(inner))?;
    Ok(fs::canonicalize(folder).map_err(io_error(folder))?.starts_with(target))
}

/// The name of a file or folder as text. Bytes that are not UTF-8 are escaped, as in `caf\xe9`, so
/// that different names have different texts.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
