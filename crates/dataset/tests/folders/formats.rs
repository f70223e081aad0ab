//! Formats of photos, their colours, and the orientation in their EXIF data.

use std::fs;
use std::io::Cursor;

use dataset::Image;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage};

use crate::tree::{Tree, remarks, sizes};

/// The only training image of a class of which this is the photo.
fn read(name: &str, bytes: &[u8]) -> Image {
    let tree = Tree::with_photos(&[("val/a", 1)]);
    tree.write(format!("train/a/{name}"), bytes);
    let data = tree.load();
    assert_eq!(sizes(&data), (1, 1), "{name}: {:?}", data.remarks);
    data.train.image(0).expect("a photo")
}

fn pixel(image: &Image, x: usize, y: usize) -> [u8; 3] {
    let at = (y * image.width + x) * 3;
    [image.pixels[at], image.pixels[at + 1], image.pixels[at + 2]]
}

#[test]
fn a_folder_of_webp() {
    let tree = Tree::new();
    for index in 0..20 {
        for class in ["cat", "dog"] {
            tree.photo(format!("train/{class}/{index}.webp"));
            tree.photo(format!("val/{class}/{index}.webp"));
        }
    }
    // As browsers save them.
    fs::rename(tree.path("train/cat/0.webp"), tree.path("train/cat/0.jpg")).expect("renamed");
    let data = tree.load();
    assert_eq!((sizes(&data), remarks(&data)), ((40, 40), vec![]));
}

#[test]
fn every_format_is_told_by_its_content() {
    let photo = RgbImage::from_fn(6, 4, |x, y| Rgb([40 * x as u8, 60 * y as u8, 7]));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Pnm] {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(photo.clone()).write_to(&mut bytes, format).expect("in memory");
        for name in ["x.jpg", "x.JPEG", "x", "x.png?size=large"] {
            assert_eq!(read(name, bytes.get_ref()).pixels, *photo.as_raw(), "{format:?}, {name}");
        }
    }
}

/// EXIF data with nothing but an orientation (CIPA DC-008, tag 0x0112).
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [b"MM\0*\0\0\0\x08\0\x01", &entry[..], &[0; 4]].concat()
}

#[test]
fn photos_are_turned_as_their_exif_data_says() {
    // The corners of the upright photo: red, green, blue and white, clockwise from the top left.
    const CORNERS: [[u8; 3]; 4] = [[220, 0, 0], [0, 220, 0], [0, 0, 220], [220, 220, 220]];
    let (width, height) = (48, 32);
    let upright = RgbImage::from_fn(width, height, |x, y| {
        let corner = [[0, 1], [3, 2]][usize::from(y >= height / 2)][usize::from(x >= width / 2)];
        Rgb(CORNERS[corner])
    });
    let upright = DynamicImage::from(upright);
    // How a camera stores the photo, so that the orientation brings it back.
    let stored = |orientation: u8| match orientation {
        1 => upright.clone(),
        2 => upright.fliph(),
        3 => upright.rotate180(),
        4 => upright.flipv(),
        5 => upright.rotate90().fliph(),
        6 => upright.rotate270(),
        7 => upright.rotate90().flipv(),
        _ => upright.rotate90(),
    };
    for orientation in 1..=8 {
        let photo = stored(orientation).into_rgb8();
        let (w, h, rgb) = (photo.width(), photo.height(), ExtendedColorType::Rgb8);
        let raw = photo.as_raw().clone();
        let jpeg = |exif: Vec<u8>| {
            let mut bytes = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
            encoder.set_exif_metadata(exif).expect("supported");
            encoder.write_image(&raw, w, h, rgb).expect("in memory");
            bytes
        };
        let png = |exif: Vec<u8>| {
            let mut bytes = Vec::new();
            let mut encoder = PngEncoder::new(&mut bytes);
            encoder.set_exif_metadata(exif).expect("supported");
            encoder.write_image(&raw, w, h, rgb).expect("in memory");
            bytes
        };
        let webp = |exif: Vec<u8>| {
            let mut bytes = Vec::new();
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            encoder.set_exif_metadata(exif).expect("supported");
            encoder.write_image(&raw, w, h, rgb).expect("in memory");
            bytes
        };
        let prefixed = [b"Exif\0\0", &exif(orientation)[..]].concat();
        for (name, bytes) in [
            ("x.jpg", jpeg(exif(orientation))),
            ("x.png", png(exif(orientation))),
            ("x.webp", webp(exif(orientation))),
            ("prefixed.webp", webp(prefixed)),
        ] {
            let image = read(name, &bytes);
            assert_eq!((image.width, image.height), (48, 32), "{name}, {orientation}");
            for (corner, at) in CORNERS.iter().zip([(4, 4), (44, 4), (44, 28), (4, 28)]) {
                let found = pixel(&image, at.0, at.1);
                let far = found.iter().zip(corner).any(|(a, b)| a.abs_diff(*b) > 20);
                assert!(!far, "{name}, {orientation}: {found:?} at {at:?}");
            }
        }
    }
    // What is no orientation leaves the photo as it is.
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif(9)).expect("supported");
    encoder.write_image(&[1; 6], 2, 1, ExtendedColorType::Rgb8).expect("in memory");
    assert_eq!((read("x.png", &bytes).width, read("x.png", &bytes).height), (2, 1));
}

/// A PNG file of one pixel.
fn png(pixel: &[u8], color: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(pixel, 1, 1, color).expect("in memory");
    bytes
}

#[test]
fn grey_deep_and_transparent_photos_have_three_channels_of_eight_bits() {
    use ExtendedColorType::{L8, L16, La8, Rgb16, Rgba8, Rgba16};
    let sixteen = |values: &[u16]| values.iter().flat_map(|v| v.to_ne_bytes()).collect::<Vec<_>>();
    for (bytes, color, expected) in [
        (vec![90], L8, [90; 3]),
        (vec![90, 0], La8, [90; 3]),
        // The colour under what is transparent, as torchvision and timm have it.
        (vec![10, 20, 30, 0], Rgba8, [10, 20, 30]),
        (sixteen(&[0xffff]), L16, [255; 3]),
        (sixteen(&[0x8080]), L16, [128; 3]),
        (sixteen(&[0, 0x1000, 0xffff]), Rgb16, [0, 16, 255]),
        (sixteen(&[0, 0x1000, 0xffff, 0]), Rgba16, [0, 16, 255]),
    ] {
        assert_eq!(read("x.png", &png(&bytes, color)).pixels, expected, "{color:?}");
    }
    let mut bytes = Vec::new();
    let grey = JpegEncoder::new(&mut bytes);
    grey.write_image(&[77; 64], 8, 8, L8).expect("in memory");
    assert!(read("x.jpg", &bytes).pixels.iter().all(|value| value.abs_diff(77) < 3));
}

/// A JPEG file of 8 x 8 equal pixels with four components (ITU-T T.81), with Adobe's segment that
/// says CMYK if it is asked for.
fn cmyk_jpeg(components: [u8; 4], adobe: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        let len = (content.len() + 2) as u16;
        bytes.extend([&[0xff, marker], &len.to_be_bytes()[..], content].concat());
    };
    if let Some(adobe) = adobe {
        segment(0xee, adobe);
    }
    segment(0xdb, &[&[0], &[1; 64][..]].concat());
    let of_each = |content: fn(u8) -> Vec<u8>| (1..=4).flat_map(content).collect::<Vec<u8>>();
    let frame = of_each(|id| vec![id, 0x11, 0]);
    segment(0xc0, &[&[8, 0, 8, 0, 8, 4], &frame[..]].concat());
    // The twelve sizes of a mean have codes of four bits; the end of a block has one bit.
    let four_bits = [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    segment(0xc4, &[&[0x00], &four_bits[..], &(0..12).collect::<Vec<u8>>()].concat());
    let one_bit = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    segment(0xc4, &[&[0x10], &one_bit[..], &[0]].concat());
    let scan = of_each(|id| vec![id, 0]);
    segment(0xda, &[&[4], &scan[..], &[0, 63, 0]].concat());
    let mut bits = String::new();
    for value in components {
        let mean = 8 * (i32::from(value) - 128);
        let size = (32 - mean.unsigned_abs().leading_zeros()) as usize;
        let coded = if mean < 0 { mean + (1 << size) - 1 } else { mean };
        bits += &format!("{size:04b}");
        if size > 0 {
            bits += &format!("{coded:0size$b}");
        }
        bits.push('0');
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
        bytes.extend(if byte == 0xff { vec![0xff, 0] } else { vec![byte] });
    }
    [bytes, vec![0xff, 0xd9]].concat()
}

#[test]
fn print_colours_are_converted() {
    // Photoshop stores them inverted, and others do as it does: 255 is no ink.
    let adobe = b"Adobe\0\x64\0\0\0\0\0";
    for adobe in [Some(&adobe[..]), None] {
        for (components, expected) in [
            ([255, 0, 0, 255], [255, 0, 0]),
            ([0, 255, 255, 255], [0, 255, 255]),
            ([255, 255, 255, 255], [255, 255, 255]),
            ([255, 255, 255, 0], [0, 0, 0]),
            ([128, 128, 128, 255], [128, 128, 128]),
        ] {
            let image = read("x.jpg", &cmyk_jpeg(components, adobe));
            for (found, expected) in image.pixels.iter().zip(expected.iter().cycle()) {
                assert!(found.abs_diff(*expected) < 4, "{components:?}: {:?}", &image.pixels[..3]);
            }
        }
    }
}
