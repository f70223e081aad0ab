//! The idx files of MNIST and Fashion-MNIST.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::error::{DataError, io_error};
use crate::image::hash;
use crate::store::{Normalisation, PackedPixels, Sample, SourceData, SourceSplit};

const CLASSES: usize = 10;
/// An idx file of bytes begins with this number plus the number of its dimensions.
const MAGIC: usize = 0x0800;

pub(super) fn read(folder: &Path) -> Result<SourceData, DataError> {
    Ok(SourceData {
        classes: (0..CLASSES).map(|class| class.to_string()).collect(),
        channels: 1,
        // Of MNIST's training images.
        normalisation: Normalisation { mean: [0.1307; 3], std: [0.3081; 3] },
        train: split(folder, "train")?,
        test: split(folder, "t10k")?,
        skipped: Vec::new(),
    })
}

fn split(folder: &Path, name: &str) -> Result<SourceSplit, DataError> {
    let labels_path = folder.join(format!("{name}-labels-idx1-ubyte"));
    let images_path = folder.join(format!("{name}-images-idx3-ubyte"));
    let ([count, height, width], pixels) = read_idx::<3>(&images_path)?;
    let ([labels_count], labels) = read_idx::<1>(&labels_path)?;
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

/// The dimensions of an idx file, and the bytes after them.
fn read_idx<const DIMS: usize>(path: &Path) -> Result<([usize; DIMS], Vec<u8>), DataError> {
    let mut bytes = fs::read(path).map_err(io_error(path))?;
    let big_endian = |index: usize| {
        let bytes = bytes.get(4 * index..4 * index + 4).unwrap_or_default();
        bytes.iter().fold(0, |value, &byte| value << 8 | usize::from(byte))
    };
    if big_endian(0) != MAGIC + DIMS {
        let found = format!("{:#010x} at its start", big_endian(0));
        return Err(DataError::content(path, found, format!("{:#010x}", MAGIC + DIMS)));
    }
    let dims: [usize; DIMS] = std::array::from_fn(|dim| big_endian(dim + 1));
    let header_bytes = 4 * (1 + DIMS);
    let data_bytes = dims.iter().try_fold(1, |len: usize, &dim| len.checked_mul(dim));
    if data_bytes != bytes.len().checked_sub(header_bytes) {
        let found = format!("{} bytes", bytes.len());
        let expected =
            format!("{header_bytes} bytes of header and a byte for each element of {dims:?}");
        return Err(DataError::content(path, found, expected));
    }
    bytes.drain(..header_bytes);
    Ok((dims, bytes))
}
