//! The official binary version of CIFAR-10: records of a label and 3,072 bytes, channel by channel.

mod other_version;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{DataError, io_error};
use crate::image::hash;
use crate::store::{Normalisation, PackedPixels, Sample, SourceData, SourceSplit};

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const TRAIN: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const TEST: &str = "test_batch.bin";
const SIDE: usize = 32;
const PIXELS: usize = SIDE * SIDE;
const CHANNELS: usize = 3;
const RECORD_BYTES: usize = 1 + PIXELS * CHANNELS;
const RECORDS_PER_FILE: usize = 10_000;
/// The folder in the official archive.
pub(crate) const ARCHIVE_FOLDER: &str = "cifar-10-batches-bin";

pub(super) fn read(folder: &Path) -> Result<SourceData, DataError> {
    let inner = folder.join(ARCHIVE_FOLDER);
    let folder = if inner.is_dir() { &inner } else { folder };
    if !TRAIN.iter().chain([&TEST]).any(|name| folder.join(name).exists()) {
        return Err(other_version::error(folder));
    }
    Ok(SourceData {
        classes: CLASSES.map(str::to_owned).to_vec(),
        channels: CHANNELS,
        // Of the training images.
        normalisation: Normalisation {
            mean: [0.4914, 0.4822, 0.4465],
            std: [0.2470, 0.2435, 0.2616],
        },
        train: split(folder, &TRAIN)?,
        test: split(folder, &[TEST])?,
        remarks: Vec::new(),
    })
}

fn split(folder: &Path, names: &[&str]) -> Result<SourceSplit, DataError> {
    let (mut pixels, mut samples) = (Vec::new(), Vec::new());
    for name in names {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(io_error(&path))?;
        if bytes.len() != RECORDS_PER_FILE * RECORD_BYTES {
            let expected = format!("{} bytes", RECORDS_PER_FILE * RECORD_BYTES);
            return Err(DataError::content(path, format!("{} bytes", bytes.len()), expected));
        }
        let hashes: Vec<u64> =
            bytes.par_chunks(RECORD_BYTES).map(|record| hash(&record[1..])).collect();
        for (index, (record, hash)) in bytes.chunks(RECORD_BYTES).zip(hashes).enumerate() {
            let label = record[0];
            if usize::from(label) >= CLASSES.len() {
                let found = format!("label {label} in record {index}");
                return Err(DataError::content(path, found, "labels from 0 to 9"));
            }
            samples.push(Sample { index: samples.len(), label: label.into(), hash });
            let planes = &record[1..];
            for pixel in 0..PIXELS {
                pixels.extend([0, 1, 2].map(|channel| planes[channel * PIXELS + pixel]));
            }
        }
    }
    let store = PackedPixels { height: SIDE, width: SIDE, channels: CHANNELS, pixels };
    Ok(SourceSplit { store: Arc::new(store), samples })
}
