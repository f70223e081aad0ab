//! Cutting out and scaling parts of images.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, Pixel, Rgb};

use crate::image::Image;

/// A rectangle of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Region {
    /// The largest square in the middle of the image.
    pub(crate) fn central_square(image: &Image) -> Self {
        let side = image.height.min(image.width);
        let (top, left) = ((image.height - side) / 2, (image.width - side) / 2);
        Self { top, left, height: side, width: side }
    }
}

/// The region as a square of `side` pixels. The filter is bilinear, with antialiasing where the
/// region shrinks. A region that has this size already keeps its pixels as they are.
pub(crate) fn resampled(image: &Image, region: Region, side: usize) -> Vec<u8> {
    match image.channels {
        1 => scaled::<Luma<u8>>(image, region, side),
        _ => scaled::<Rgb<u8>>(image, region, side),
    }
}

fn scaled<P: Pixel<Subpixel = u8> + 'static>(
    image: &Image,
    region: Region,
    side: usize,
) -> Vec<u8> {
    let row_len = image.width * image.channels;
    let rows = image.pixels.chunks_exact(row_len).skip(region.top).take(region.height);
    let columns = region.left * image.channels..(region.left + region.width) * image.channels;
    let part: Vec<u8> = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
    if (region.height, region.width) == (side, side) {
        return part;
    }
    let (width, height) = (region.width as u32, region.height as u32);
    match ImageBuffer::<P, Vec<u8>>::from_raw(width, height, part) {
        Some(part) => {
            imageops::resize(&part, side as u32, side as u32, FilterType::Triangle).into_raw()
        }
        None => unreachable!("a part has its region's pixels"),
    }
}
