//! `train/<class>/*` and `val/<class>/*`: JPEG and PNG files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::iter::Either;
use rayon::prelude::*;

use super::image_file::{self, CHANNELS, ImageFiles};
use crate::error::{DataError, Skipped, io_error};
use crate::image::{Image, hash};
use crate::store::{ImageStore, Normalisation, Sample, SourceData, SourceSplit};

/// A split whose decoded images take more is decoded again whenever an image is asked for.
const MAX_BYTES_IN_MEMORY: usize = 1 << 30;
/// A split may have so many images in a hundred that do not decode. They are left out.
const MAX_SKIPPED_PERCENT: usize = 1;

pub(super) fn read(folder: &Path) -> Result<SourceData, DataError> {
    let classes = class_names(&folder.join("train"))?;
    let test_classes = class_names(&folder.join("val"))?;
    if let Some(class) = test_classes.iter().find(|class| !classes.contains(class)) {
        let found = format!("a class {class}");
        return Err(DataError::content(folder.join("val"), found, "the classes of train"));
    }
    let mut skipped = Vec::new();
    Ok(SourceData {
        train: split(&folder.join("train"), &classes, &mut skipped)?,
        test: split(&folder.join("val"), &classes, &mut skipped)?,
        classes,
        channels: CHANNELS,
        // ImageNet's, which torchvision and timm use for photos of any kind.
        normalisation: Normalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
        skipped,
    })
}

/// The names of the folders in `folder`, sorted. There is at least one.
fn class_names(folder: &Path) -> Result<Vec<String>, DataError> {
    let paths = entries(folder)?.into_iter().filter(|path| path.is_dir());
    let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<String> = paths.filter_map(name).collect();
    if names.is_empty() {
        return Err(DataError::content(folder, "no folders", "one folder for each class"));
    }
    Ok(names)
}

/// What is in `folder`, sorted, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let entry = entry.map_err(io_error(folder))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file that decodes.
struct Decoded {
    path: PathBuf,
    label: u32,
    hash: u64,
    /// `None` if the split is too large to keep its images in memory.
    image: Option<Image>,
}

/// Decodes every file once, so that broken ones are known before work starts.
fn split(
    folder: &Path,
    classes: &[String],
    skipped: &mut Vec<Skipped>,
) -> Result<SourceSplit, DataError> {
    let mut files = Vec::new();
    for (class, label) in classes.iter().zip(0..) {
        let class_files = entries(&folder.join(class))?.into_iter().filter(|path| path.is_file());
        files.extend(class_files.map(|path| (path, label)));
    }
    let in_memory =
        files.par_iter().map(|(path, _)| image_file::decoded_bytes(path)).sum::<usize>()
            <= MAX_BYTES_IN_MEMORY;
    let decode = |(path, label): &(PathBuf, u32)| -> Result<Decoded, Skipped> {
        let bytes = image_file::read(path)?;
        let image = image_file::decode(path, &bytes)?;
        let (path, label, hash) = (path.clone(), *label, hash(&bytes));
        Ok(Decoded { path, label, hash, image: in_memory.then_some(image) })
    };
    let (decoded, mut broken): (Vec<Decoded>, Vec<Skipped>) =
        files.par_iter().map(decode).partition_map(|file| match file {
            Ok(decoded) => Either::Left(decoded),
            Err(broken) => Either::Right(broken),
        });
    if broken.len() * 100 > files.len() * MAX_SKIPPED_PERCENT {
        let (path, images) = (folder.to_owned(), files.len());
        return Err(DataError::TooManySkipped { path, skipped: broken, images });
    }
    skipped.append(&mut broken);
    for (class, label) in classes.iter().zip(0..) {
        if decoded.iter().all(|file| file.label != label) {
            let expected = "at least one image in the folder of each class";
            return Err(DataError::content(folder.join(class), "no images", expected));
        }
    }
    let sample = |(index, file): (usize, &Decoded)| {
        let Decoded { label, hash, .. } = *file;
        Sample { index, label, hash }
    };
    let samples = decoded.iter().enumerate().map(sample).collect();
    let store: Arc<dyn ImageStore> = match in_memory {
        true => {
            let images = decoded.into_iter().filter_map(|file| file.image);
            Arc::new(images.collect::<Vec<Image>>())
        }
        false => Arc::new(ImageFiles(decoded.into_iter().map(|file| file.path).collect())),
    };
    Ok(SourceSplit { store, samples })
}
