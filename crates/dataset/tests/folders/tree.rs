//! Folders of photos for tests.

use std::fs;
use std::path::{Path, PathBuf};

use dataset::{DataError, Dataset, HoldOut, Remark, Source};
use image::{Rgb, RgbImage};
use tempfile::{TempDir, tempdir};

/// A folder that is removed at the end.
pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(tempdir().expect("a folder"))
    }

    /// A folder with these many photos in each of these folders.
    pub(crate) fn with_photos(folders: &[(&str, u32)]) -> Self {
        let tree = Self::new();
        for (folder, count) in folders {
            tree.photos(folder, *count);
        }
        tree
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file, whose folder is made.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        path
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("written");
    }

    /// Photos `0.png`, `1.png` and so on, each different from all others in the tree.
    pub(crate) fn photos(&self, folder: impl AsRef<Path>, count: u32) {
        for index in 0..count {
            self.photo(folder.as_ref().join(format!("{index}.png")));
        }
    }

    /// A photo in the format of its extension, with colours that follow from its name.
    pub(crate) fn photo(&self, name: impl AsRef<Path>) {
        let name = name.as_ref();
        let bytes = name.as_os_str().as_encoded_bytes();
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let [a, b, c, d, e, f, ..] = hash.to_be_bytes();
        let photo = RgbImage::from_fn(9, 7, |x, _| Rgb(if x < 5 { [a, b, c] } else { [d, e, f] }));
        photo.save(self.path(name)).expect("written");
    }

    pub(crate) fn load(&self) -> Dataset {
        self.try_load().expect("loaded")
    }

    pub(crate) fn try_load(&self) -> Result<Dataset, DataError> {
        Dataset::load(&Source::Folder(self.root().to_owned()), HoldOut::NONE, 2)
    }

    /// Refused with a message that has all these parts.
    pub(crate) fn is_refused(&self, parts: &[&str]) {
        let error = self.try_load().expect_err("refused").to_string();
        for part in parts {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }
}

/// The remarks as text: notes, and warnings marked as such.
pub(crate) fn remarks(data: &Dataset) -> Vec<String> {
    let text = |remark: &Remark| match remark.is_warning() {
        true => format!("warning: {remark}"),
        false => remark.to_string(),
    };
    data.remarks.iter().map(text).collect()
}

/// The number of training and of test images.
pub(crate) fn sizes(data: &Dataset) -> (usize, usize) {
    (data.train.len(), data.test.len())
}
