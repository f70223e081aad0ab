//! `train/<class>/*` and `val/<class>/*`: JPEG and PNG files.

use std::fmt::Display;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::ImageReader;
use rayon::iter::Either;
use rayon::prelude::*;

use crate::error::{DataError, Skipped, io_error};
use crate::image::{Image, hash};
use crate::load::{Loaded, Part};
use crate::samples::{Normalisation, Sample, Stored};

const CHANNELS: usize = 3;
/// A split whose decoded images take more is decoded again whenever an image is asked for.
const MOST_BYTES_IN_MEMORY: usize = 1 << 30;
/// Images that do not decode are left out, up to this many in a hundred.
const MOST_BROKEN_PERCENT: usize = 1;

pub(crate) fn load(folder: &Path) -> Result<Loaded, DataError> {
    let classes = folders(&folder.join("train"))?;
    let test_classes = folders(&folder.join("val"))?;
    if let Some(class) = test_classes.iter().find(|class| !classes.contains(class)) {
        let found = format!("a class {class}");
        return Err(DataError::content(folder.join("val"), found, "those of train"));
    }
    let mut skipped = Vec::new();
    Ok(Loaded {
        train: part(&folder.join("train"), &classes, &mut skipped)?,
        test: part(&folder.join("val"), &classes, &mut skipped)?,
        classes,
        channels: CHANNELS,
        // ImageNet's, as everybody uses for photos.
        normalisation: Normalisation {
            mean: [0.485, 0.456, 0.406],
            deviation: [0.229, 0.224, 0.225],
        },
        skipped,
    })
}

/// The image in a file, as red, green, blue.
pub(crate) fn decode(path: &Path) -> Result<Image, Skipped> {
    fs::read(path).map_err(|error| broken(path, error)).and_then(|bytes| decode_bytes(path, &bytes))
}

fn decode_bytes(path: &Path, bytes: &[u8]) -> Result<Image, Skipped> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let reader = reader.map_err(|error| broken(path, error))?;
    let image = reader.decode().map_err(|error| broken(path, error))?.into_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Image { height, width, channels: CHANNELS, pixels: image.into_raw() })
}

fn broken(path: &Path, error: impl Display) -> Skipped {
    Skipped { path: path.to_owned(), message: error.to_string() }
}

/// Names of the folders in `folder`, sorted; never none.
fn folders(folder: &Path) -> Result<Vec<String>, DataError> {
    let paths = entries(folder)?.into_iter().filter(|path| path.is_dir());
    let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<String> = paths.filter_map(name).collect();
    if names.is_empty() {
        return Err(DataError::content(folder, "no folders", "one folder for each class"));
    }
    Ok(names)
}

/// Sorted, without hidden ones.
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

/// Bytes of the decoded image, by the file's header; 0 where it has none.
fn decoded_bytes(path: &Path) -> usize {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let dimensions = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    dimensions.map_or(0, |(width, height)| width as usize * height as usize * CHANNELS)
}

/// A file that was seen to decode; its image where images stay in memory.
struct Seen {
    path: PathBuf,
    label: u32,
    hash: u64,
    image: Option<Image>,
}

/// Decodes every file once, so that broken ones are known before work starts.
fn part(folder: &Path, classes: &[String], skipped: &mut Vec<Skipped>) -> Result<Part, DataError> {
    let mut files = Vec::new();
    for (class, label) in classes.iter().zip(0..) {
        let class_files = entries(&folder.join(class))?.into_iter().filter(|path| path.is_file());
        files.extend(class_files.map(|path| (path, label)));
    }
    let keeps = files.par_iter().map(|(path, _)| decoded_bytes(path)).sum::<usize>()
        <= MOST_BYTES_IN_MEMORY;
    let look = |(path, label): &(PathBuf, u32)| -> Result<Seen, Skipped> {
        let bytes = fs::read(path).map_err(|error| broken(path, error))?;
        let image = decode_bytes(path, &bytes)?;
        let (path, label, hash) = (path.clone(), *label, hash(&bytes));
        Ok(Seen { path, label, hash, image: keeps.then_some(image) })
    };
    let (seen, mut broken): (Vec<Seen>, Vec<Skipped>) =
        files.par_iter().map(look).partition_map(|file| match file {
            Ok(seen) => Either::Left(seen),
            Err(broken) => Either::Right(broken),
        });
    if broken.len() * 100 > files.len() * MOST_BROKEN_PERCENT {
        let (path, images) = (folder.to_owned(), files.len());
        return Err(DataError::TooManyBroken { path, skipped: broken, images });
    }
    skipped.append(&mut broken);
    for (class, label) in classes.iter().zip(0..) {
        if seen.iter().all(|seen| seen.label != label) {
            let allowed = "at least one in the folder of each class";
            return Err(DataError::content(folder.join(class), "no images", allowed));
        }
    }
    let sample = |(index, seen): (usize, &Seen)| {
        let Seen { label, hash, .. } = *seen;
        Sample { index, label, hash }
    };
    let samples = seen.iter().enumerate().map(sample).collect();
    let stored = match keeps {
        true => Stored::Images(seen.into_iter().filter_map(|seen| seen.image).collect()),
        false => Stored::Files(seen.into_iter().map(|seen| seen.path).collect()),
    };
    Ok(Part { stored, samples })
}
