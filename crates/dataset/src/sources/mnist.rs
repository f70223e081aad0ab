//! The idx files of MNIST and Fashion-MNIST.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::idx_file;
use crate::error::DataError;
use crate::image::hash;
use crate::store::{Normalisation, PackedPixels, Sample, SourceData, SourceSplit};

const CLASSES: usize = 10;
/// Where the files may be below the folder that the user names: directly, or where torchvision puts
/// them.
const FOLDERS: [&str; 5] = ["", "raw", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw"];

pub(super) fn read(folder: &Path) -> Result<SourceData, DataError> {
    Ok(SourceData {
        classes: (0..CLASSES).map(|class| class.to_string()).collect(),
        channels: 1,
        // Of MNIST's training images.
        normalisation: Normalisation { mean: [0.1307; 3], std: [0.3081; 3] },
        train: split(folder, "train")?,
        test: split(folder, "t10k")?,
        remarks: Vec::new(),
    })
}

fn split(folder: &Path, name: &str) -> Result<SourceSplit, DataError> {
    let labels_path = file(folder, name, "labels", 1)?;
    let images_path = file(folder, name, "images", 3)?;
    let ([count, height, width], pixels) = idx_file::read::<3>(&images_path)?;
    let ([labels_count], labels) = idx_file::read::<1>(&labels_path)?;
    if labels_count != count {
        let expected = format!("{count} labels, one for each image");
        return Err(DataError::content(labels_path, format!("{labels_count} labels"), expected));
    }
    if pixels.is_empty() {
        let found = format!("{count} images of {height} x {width}");
        return Err(DataError::content(images_path, found, "images with pixels"));
    }
    if let Some(index) = labels.iter().position(|&label| usize::from(label) >= CLASSES) {
        let found = format!("label {} in record {index}", labels[index]);
        return Err(DataError::content(labels_path, found, "labels from 0 to 9"));
    }
    let images = pixels.chunks(height * width).zip(&labels).enumerate();
    let samples = images
        .map(|(index, (image, &label))| Sample { index, label: label.into(), hash: hash(image) })
        .collect();
    let store = PackedPixels { height, width, channels: 1, pixels };
    Ok(SourceSplit { store: Arc::new(store), samples })
}

/// The file of the images or of the labels of a split, under one of its usual names.
fn file(folder: &Path, split: &str, what: &str, dims: usize) -> Result<PathBuf, DataError> {
    let name = format!("{split}-{what}-idx{dims}-ubyte");
    let names = [
        name.clone(),
        format!("{split}-{what}.idx{dims}-ubyte"),
        format!("{name}.gz"),
        format!("{split}-{what}.idx{dims}-ubyte.gz"),
    ];
    let inner = FOLDERS.iter().map(|inner| folder.join(inner));
    // Some archives have each file in a folder of the same name.
    let paths = inner.flat_map(|inner| {
        names.iter().flat_map(move |name| [inner.join(name), inner.join(name).join(name)])
    });
    let found = paths.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        let found = match (folder.is_dir(), folder.exists()) {
            (true, _) => format!("no {name}"),
            (false, true) => "a file".to_owned(),
            (false, false) => "no such folder".to_owned(),
        };
        let expected = "a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, \
            t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, also as .gz";
        DataError::content(folder, found, expected)
    })
}
