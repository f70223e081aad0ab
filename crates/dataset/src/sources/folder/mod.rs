//! Folders of photos with a folder for each class.

mod cut;
mod entries;
mod layout;
mod photos;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::photo_file::{CHANNELS, has_photo_name};
use crate::error::{DataError, Skipped};
use crate::remark::Remark;
use crate::store::{Normalisation, Sample, SourceData, SourceSplit};
use entries::{Entries, name_of};
use layout::{Layout, WANTED};
use photos::Photos;

/// A class and the folder of its images in one split.
struct ClassFolder {
    name: String,
    label: u32,
    folder: PathBuf,
}

/// What is to be said about a folder.
#[derive(Default)]
struct Account {
    remarks: Vec<Remark>,
    /// Files that are no photos.
    others: Vec<PathBuf>,
    /// Photos that do not decode.
    skipped: Vec<Skipped>,
}

pub(super) fn read(folder: &Path) -> Result<SourceData, DataError> {
    let mut account = Account::default();
    let layout = Layout::find(folder, &mut account.remarks)?;
    let classes = class_folders(&layout.train, &mut account)?;
    let mut train = split(&layout.train, &classes, &mut account)?;
    let test = match &layout.test {
        Some(folder) => {
            let test_classes = class_folders(folder, &mut account)?;
            split(folder, &relabelled(test_classes, &classes, folder)?, &mut account)?
        }
        None => {
            let store = Arc::clone(&train.store);
            let images = train.samples.len();
            let (trained, samples) = cut::cut(train.samples, classes.len());
            train.samples = trained;
            account.remarks.push(Remark::TestCut { test: samples.len(), images });
            SourceSplit { store, samples }
        }
    };
    if let Some(class) = missing(&classes, &train.samples).first() {
        let expected = "at least one image in the folder of each class";
        return Err(DataError::content(&class.folder, "no images", expected));
    }
    if test.samples.is_empty() {
        let folder = layout.test.as_ref().unwrap_or(&layout.train);
        return Err(DataError::content(folder, "no test images", WANTED));
    }
    let Account { mut remarks, others, skipped } = account;
    let untested = missing(&classes, &test.samples);
    if !untested.is_empty() {
        let names = untested.iter().map(|class| class.name.clone()).collect();
        remarks.push(Remark::NoTestImages(names));
    }
    if let [class] = &classes[..] {
        remarks.push(Remark::OneClass(class.name.clone()));
    }
    if !others.is_empty() {
        let names: BTreeSet<String> = others.iter().map(|path| name_of(path)).collect();
        let names = names.into_iter().collect();
        remarks.push(Remark::OtherFiles { count: others.len(), names });
    }
    if !skipped.is_empty() {
        remarks.push(Remark::Undecodable(skipped));
    }
    Ok(SourceData {
        classes: classes.into_iter().map(|class| class.name).collect(),
        channels: CHANNELS,
        // ImageNet's, which torchvision and timm use for photos of any kind.
        normalisation: Normalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
        train,
        test,
        remarks,
    })
}

fn split(
    folder: &Path,
    classes: &[ClassFolder],
    account: &mut Account,
) -> Result<SourceSplit, DataError> {
    let Photos { store, samples, mut skipped } =
        Photos::read(folder, classes, &mut account.others)?;
    account.skipped.append(&mut skipped);
    Ok(SourceSplit { store, samples })
}

/// The class folders of a split, sorted by name. There is at least one.
fn class_folders(split: &Path, account: &mut Account) -> Result<Vec<ClassFolder>, DataError> {
    let entries = Entries::of(split)?;
    let photos = entries.photos();
    if entries.folders.is_empty() {
        let found = match photos {
            0 => "no folders".to_owned(),
            photos => format!("{photos} photos and no folders"),
        };
        return Err(DataError::content(split, found, WANTED));
    }
    if photos > 0 {
        account.remarks.push(Remark::LoosePhotos { folder: split.to_owned(), count: photos });
    }
    account.others.extend(entries.files.into_iter().filter(|path| !has_photo_name(path)));
    account.others.extend(entries.system);
    let class = |(folder, label): (PathBuf, u32)| {
        let name = name_of(&folder);
        ClassFolder { name, label, folder }
    };
    Ok(entries.folders.into_iter().zip(0..).map(class).collect())
}

/// The class folders of a test split, with the labels that their classes have in training.
fn relabelled(
    test: Vec<ClassFolder>,
    train: &[ClassFolder],
    split: &Path,
) -> Result<Vec<ClassFolder>, DataError> {
    let relabelled = |class: ClassFolder| match train.iter().find(|of| of.name == class.name) {
        Some(of) => Ok(ClassFolder { label: of.label, ..class }),
        None => {
            let found = format!("a class {}", class.name);
            Err(DataError::content(split, found, "the classes of train"))
        }
    };
    test.into_iter().map(relabelled).collect()
}

/// The classes without a sample.
fn missing<'a>(classes: &'a [ClassFolder], samples: &[Sample]) -> Vec<&'a ClassFolder> {
    let present: BTreeSet<u32> = samples.iter().map(|sample| sample.label).collect();
    classes.iter().filter(|class| !present.contains(&class.label)).collect()
}
