//! Photo files as images: JPEG, PNG, WebP, BMP and PNM, told apart by their first bytes.

use std::fmt::Display;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use crate::error::{DataError, Skipped};
use crate::image::Image;
use crate::store::{ImageStore, Sample};

/// Red, green and blue, whatever the file has.
pub(super) const CHANNELS: usize = 3;
/// The formats that are read, for messages.
pub(super) const FORMATS: &str = "JPEG, PNG, WebP, BMP and PNM";

/// Extensions of photos, also of formats that are not read.
const EXTENSIONS: [&str; 35] = [
    "arw", "avif", "bmp", "cr2", "cr3", "dng", "gif", "heic", "heif", "hif", "ico", "j2k", "jfif",
    "jp2", "jpe", "jpeg", "jpg", "jxl", "nef", "orf", "pbm", "pgm", "png", "pnm", "ppm", "psd",
    "raf", "raw", "rw2", "svg", "tga", "tif", "tiff", "webp", "xcf",
];

/// Files that decoded when the data set was loaded. They are decoded again for every look-up.
#[derive(Debug)]
pub(super) struct PhotoFiles(pub(super) Vec<PathBuf>);

impl ImageStore for PhotoFiles {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        let path = &self.0[sample.index];
        let image = read(path).and_then(|bytes| decode(path, &bytes).map_err(|broken| broken.file));
        image.map_err(|Skipped { path, message }| {
            DataError::content(path, message, "the image that was there when the data was loaded")
        })
    }
}

/// A file that does not decode.
pub(super) struct Broken {
    pub(super) file: Skipped,
    /// Whether it is a photo by its name or its first bytes.
    pub(super) is_photo: bool,
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Skipped> {
    fs::read(path).map_err(|error| skipped(path, error))
}

/// The image in the `bytes` of the file at `path`, turned as its EXIF orientation says.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Image, Broken> {
    let decoded = match is_truncated_jpeg(bytes) {
        true => Err("the file ends in the middle of the image".to_owned()),
        false => decoded(bytes).map_err(|error| reason(bytes, error)),
    };
    let image = decoded.map_err(|message| Broken {
        file: skipped(path, message),
        is_photo: has_photo_name(path) || has_photo_bytes(bytes),
    })?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Image { height, width, channels: CHANNELS, pixels: image.into_rgb8().into_raw() })
}

fn decoded(bytes: &[u8]) -> ImageResult<DynamicImage> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut decoder = reader.into_decoder()?;
    Limits::default().reserve(decoder.total_bytes())?;
    // A photo without readable EXIF data is upright.
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    // Some programs keep the prefix of the JPEG segment in other formats too.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    let mut image = DynamicImage::ImageRgb8(DynamicImage::from_decoder(decoder)?.into_rgb8());
    image
        .apply_orientation(Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms));
    Ok(image)
}

/// The number of bytes that the image takes once it is decoded, by the file's header. It is 0 for a
/// file without a readable header.
pub(super) fn decoded_bytes(path: &Path) -> usize {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let dimensions = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    dimensions.map_or(0, |(width, height)| width as usize * height as usize * CHANNELS)
}

/// Whether the name of a file is that of a photo.
pub(super) fn has_photo_name(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    EXTENSIONS.iter().any(|known| extension == *known)
}

/// Whether the first bytes of a file are those of a photo. Formats whose first bytes are also those
/// of some text files are left out.
fn has_photo_bytes(bytes: &[u8]) -> bool {
    use ImageFormat::{Avif, Gif, Jpeg, Png, Tiff, WebP};
    let format = image::guess_format(bytes);
    is_heif(bytes) || format.is_ok_and(|f| [Avif, Gif, Jpeg, Png, Tiff, WebP].contains(&f))
}

/// Apple's HEIC and other images in ISO base media files.
fn is_heif(bytes: &[u8]) -> bool {
    let brands: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
    bytes.get(4..8) == Some(b"ftyp")
        && bytes.get(8..12).is_some_and(|brand| brands.contains(&brand))
}

/// Whether the bytes are the beginning of a JPEG file. The decoder would fill what is missing of the
/// image with grey.
fn is_truncated_jpeg(bytes: &[u8]) -> bool {
    if !bytes.starts_with(b"\xff\xd8\xff") {
        return false;
    }
    let mut at = 2;
    // The segments up to the first scan are passed over, as one of them may hold a whole thumbnail.
    loop {
        match bytes.get(at..at + 4) {
            Some([0xff, 0xff, ..]) => at += 1,
            Some([0xff, 0xda, ..]) => {
                return !bytes[at..].windows(2).rev().any(|two| two == b"\xff\xd9");
            }
            Some(&[0xff, _, high, low]) => at += 2 + usize::from(u16::from_be_bytes([high, low])),
            None => return true,
            // Not a segment, which the decoder reports.
            Some(_) => return false,
        }
    }
}

/// Why bytes do not decode, in words that help more than the decoder's where that is possible.
fn reason(bytes: &[u8], error: impl Display) -> String {
    let text = bytes.trim_ascii_start();
    let convert = format!("not read; read are {FORMATS}");
    match image::guess_format(bytes) {
        _ if bytes.is_empty() => "the file is empty".to_owned(),
        _ if is_heif(bytes) => format!("HEIC is {convert}"),
        _ if text.starts_with(b"version https://git-lfs") => {
            "a Git LFS pointer, which git lfs pull replaces by the photo".to_owned()
        }
        _ if text.starts_with(b"<") => "a web page or another XML file, no photo".to_owned(),
        Ok(format) if !format.reading_enabled() => {
            let [name, ..] = format.extensions_str() else { return error.to_string() };
            format!("{} is {convert}", name.to_ascii_uppercase())
        }
        Ok(_) => error.to_string(),
        Err(_) => "not a photo by its first bytes".to_owned(),
    }
}

fn skipped(path: &Path, message: impl Display) -> Skipped {
    Skipped { path: path.to_owned(), message: message.to_string() }
}
