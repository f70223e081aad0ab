//! JPEG and PNG files as images.

use std::fmt::Display;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::ImageReader;

use crate::error::{DataError, Skipped};
use crate::image::Image;
use crate::store::{ImageStore, Sample};

/// Red, green and blue, whatever the file has.
pub(super) const CHANNELS: usize = 3;

/// Files that decoded when the data set was loaded. They are decoded again for every look-up.
#[derive(Debug)]
pub(super) struct ImageFiles(pub(super) Vec<PathBuf>);

impl ImageStore for ImageFiles {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        let path = &self.0[sample.index];
        read(path).and_then(|bytes| decode(path, &bytes)).map_err(|Skipped { path, message }| {
            DataError::content(path, message, "the image that was there when the data was loaded")
        })
    }
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Skipped> {
    fs::read(path).map_err(|error| skipped(path, error))
}

/// The image in the `bytes` of the file at `path`.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Image, Skipped> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let reader = reader.map_err(|error| skipped(path, error))?;
    let image = reader.decode().map_err(|error| skipped(path, error))?.into_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Image { height, width, channels: CHANNELS, pixels: image.into_raw() })
}

/// The number of bytes that the image takes once it is decoded, by the file's header. It is 0 for a
/// file without a readable header.
pub(super) fn decoded_bytes(path: &Path) -> usize {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let dimensions = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    dimensions.map_or(0, |(width, height)| width as usize * height as usize * CHANNELS)
}

fn skipped(path: &Path, error: impl Display) -> Skipped {
    Skipped { path: path.to_owned(), message: error.to_string() }
}
