//! Which folders hold the images to train and to test on.

use std::path::{Path, PathBuf};

use super::entries::{Entries, name_of};
use crate::error::DataError;
use crate::remark::Remark;

const TRAIN_NAMES: [&str; 4] = ["train", "training", "train_set", "training_set"];
/// In the order in which they are looked for.
const TEST_NAMES: [&str; 8] =
    ["val", "valid", "validation", "val_set", "validation_set", "test", "testing", "test_set"];
/// The folder of test images that needs no mention.
const TEST: &str = "val";
/// So many folders may be around the photos, each the only one in the folder above.
const MAX_WRAPPERS: usize = 4;
/// The wanted layout, for messages.
pub(super) const WANTED: &str = "photos in a folder for each class, as\n  \
    DIR/train/CLASS/photo.jpg with DIR/val/CLASS/photo.jpg, or as\n  \
    DIR/CLASS/photo.jpg, of which a fifth becomes the test images";

/// The folders of the splits.
#[derive(Debug)]
pub(super) struct Layout {
    /// It has the class folders to train on.
    pub(super) train: PathBuf,
    /// It has the class folders to test on. `None` if a part of `train` is to be the test images.
    pub(super) test: Option<PathBuf>,
}

impl Layout {
    /// The splits in `folder`, or in the only folder in it.
    pub(super) fn find(folder: &Path, remarks: &mut Vec<Remark>) -> Result<Self, DataError> {
        if folder.is_file() {
            return Err(DataError::content(folder, "a file", format!("a folder with {WANTED}")));
        }
        let root = unwrapped(folder)?;
        if root != folder {
            remarks.push(Remark::InnerFolder(root.clone()));
        }
        let entries = Entries::of(&root)?;
        let folders = &entries.folders;
        let Some(train) = train_folder(folders)? else {
            return match named(folders, &TEST_NAMES).next() {
                Some(test) => {
                    let found = format!("the folder {} without train", name_of(test));
                    Err(DataError::content(root, found, WANTED))
                }
                // The class folders are here.
                None => Ok(Self { train: root, test: None }),
            };
        };
        let photos = entries.photos();
        if photos > 0 {
            remarks.push(Remark::LoosePhotos { folder: root, count: photos });
        }
        let test = test_folder(folders, train)?;
        let is_read = |folder: &PathBuf| folder == train || Some(folder) == test;
        let not_read: Vec<PathBuf> = folders.iter().filter(|f| !is_read(f)).cloned().collect();
        if !not_read.is_empty() {
            remarks.push(Remark::FoldersNotRead(not_read));
        }
        let test = test.map(|test| inner_of(test)).transpose()?;
        if let Some(test) = test.as_ref().filter(|test| name_of(test) != TEST) {
            remarks.push(Remark::TestFolder(test.clone()));
        }
        Ok(Self { train: inner_of(train)?, test })
    }
}

/// The folder, or what it wraps: archives often unpack to one folder that holds everything.
fn unwrapped(folder: &Path) -> Result<PathBuf, DataError> {
    let mut root = folder.to_owned();
    for _ in 0..MAX_WRAPPERS {
        let entries = Entries::of(&root)?;
        let [only] = &entries.folders[..] else { break };
        if entries.photos() > 0 || has_name(only, &TRAIN_NAMES) || has_name(only, &TEST_NAMES) {
            break;
        }
        let inner = Entries::of(only)?;
        // A folder with photos is a class, also if it is the only one.
        if inner.photos() > 0 || inner.folders.is_empty() {
            break;
        }
        root.clone_from(only);
    }
    Ok(root)
}

/// The folder of the training split. A folder `train` of photos among other folders of photos is a
/// class.
fn train_folder(folders: &[PathBuf]) -> Result<Option<&PathBuf>, DataError> {
    let Some(train) = named(folders, &TRAIN_NAMES).next() else { return Ok(None) };
    if !Entries::of(train)?.folders.is_empty() || named(folders, &TEST_NAMES).next().is_some() {
        return Ok(Some(train));
    }
    let mut with_photos = 0;
    for folder in folders {
        with_photos += usize::from(Entries::of(folder)?.photos() > 0);
    }
    // With a single other folder, it is more likely that of photos without labels.
    Ok((with_photos < 3).then_some(train))
}

/// The folder of the test split, if there is one with the classes of `train`.
fn test_folder<'a>(folders: &'a [PathBuf], train: &Path) -> Result<Option<&'a PathBuf>, DataError> {
    let class_names = |split: &Path| -> Result<Vec<String>, DataError> {
        let classes = Entries::of(&inner_of(split)?)?.folders;
        Ok(classes.iter().map(|class| name_of(class)).collect())
    };
    let train_classes = class_names(train)?;
    for candidate in named(folders, &TEST_NAMES) {
        // Folders of photos without labels are usual, but not under this name.
        if name_of(candidate) == TEST
            || class_names(candidate)?.iter().any(|class| train_classes.contains(class))
        {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// The folder of a split, or the folder of the same name in it, as in `train/train/CLASS`.
fn inner_of(split: &Path) -> Result<PathBuf, DataError> {
    match &Entries::of(split)?.folders[..] {
        [only] if only.file_name() == split.file_name() => Ok(only.clone()),
        _ => Ok(split.to_owned()),
    }
}

/// The folders with one of these names, in the order of the names. Letter case does not matter, but
/// equal case comes first.
fn named<'a>(folders: &'a [PathBuf], names: &[&str]) -> impl Iterator<Item = &'a PathBuf> {
    let mut found = Vec::new();
    for name in names {
        found.extend(folders.iter().filter(|folder| name_of(folder) == **name));
        found.extend(folders.iter().filter(|folder| {
            name_of(folder) != **name && name_of(folder).eq_ignore_ascii_case(name)
        }));
    }
    found.into_iter()
}

fn has_name(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| name_of(folder).eq_ignore_ascii_case(name))
}
