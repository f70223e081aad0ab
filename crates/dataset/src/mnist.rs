//! idx files, as MNIST and Fashion-MNIST have them.

use std::fs;
use std::path::Path;

use crate::error::{DataError, io_error};
use crate::image::hash;
use crate::load::{Loaded, Part};
use crate::samples::{Normalisation, Sample, Stored};

const CLASSES: usize = 10;
/// The first number of an idx file of bytes, less the number of its dimensions.
const MAGIC: usize = 0x0800;

pub(crate) fn load(folder: &Path) -> Result<Loaded, DataError> {
    Ok(Loaded {
        classes: (0..CLASSES).map(|class| class.to_string()).collect(),
        channels: 1,
        // Of MNIST's training images.
        normalisation: Normalisation { mean: [0.1307; 3], deviation: [0.3081; 3] },
        train: part(folder, "train")?,
        test: part(folder, "t10k")?,
        skipped: Vec::new(),
    })
}

fn part(folder: &Path, name: &str) -> Result<Part, DataError> {
    let labels_path = folder.join(format!("{name}-labels-idx1-ubyte"));
    let images_path = folder.join(format!("{name}-images-idx3-ubyte"));
    let ([count, height, width], pixels) = read::<3>(&images_path)?;
    let ([labels_count], labels) = read::<1>(&labels_path)?;
    if labels_count != count {
        let allowed = format!("{count}, one for each image");
        return Err(DataError::content(labels_path, format!("{labels_count} labels"), allowed));
    }
    if pixels.is_empty() {
        let found = format!("{count} images of {height} x {width}");
        return Err(DataError::content(images_path, found, "images with pixels"));
    }
    if let Some(index) = labels.iter().position(|&label| usize::from(label) >= CLASSES) {
        let found = format!("label {} in record {index}", labels[index]);
        return Err(DataError::content(labels_path, found, "0 to 9"));
    }
    let images = pixels.chunks(height * width).zip(&labels).enumerate();
    let samples = images
        .map(|(index, (image, &label))| Sample { index, label: label.into(), hash: hash(image) })
        .collect();
    Ok(Part { stored: Stored::Pixels { height, width, channels: 1, pixels }, samples })
}

/// Big-endian dimensions and the bytes after them.
fn read<const DIMS: usize>(path: &Path) -> Result<([usize; DIMS], Vec<u8>), DataError> {
    let mut bytes = fs::read(path).map_err(io_error(path))?;
    let number = |index: usize| {
        let bytes = bytes.get(4 * index..4 * index + 4).unwrap_or_default();
        bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    if number(0) != MAGIC + DIMS {
        let found = format!("{:#010x} at its start", number(0));
        return Err(DataError::content(path, found, format!("{:#010x}", MAGIC + DIMS)));
    }
    let dims: [usize; DIMS] = std::array::from_fn(|dim| number(dim + 1));
    let header_bytes = 4 * (1 + DIMS);
    let allowed = dims.iter().try_fold(1, |len: usize, &dim| len.checked_mul(dim));
    if allowed != bytes.len().checked_sub(header_bytes) {
        let found = format!("{} bytes", bytes.len());
        return Err(DataError::content(
            path,
            found,
            format!("{header_bytes} and those of {dims:?}"),
        ));
    }
    bytes.drain(..header_bytes);
    Ok((dims, bytes))
}
