//! Draws a hundred training images of a source on one sheet, to see what a network is shown:
//!
//!     cargo run --release -p dataset --example sheet -- shapes:classes=20,size=64 sheet.png

use std::env;
use std::error::Error;
use std::thread;

use dataset::{Dataset, HoldOut, Source};
use image::{Rgb, RgbImage, imageops};

const COLUMNS: usize = 10;
const ROWS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [source, file] = &args[..] else { return Err("usage: sheet SOURCE FILE.png".into()) };
    let threads = thread::available_parallelism()?.get();
    let data = Dataset::load(&source.parse::<Source>()?, HoldOut::NONE, threads)?;
    let count = data.train.len().min(COLUMNS * ROWS);
    // Folders are sorted by class, so the images are taken from the whole split.
    let step = (data.train.len() / count) | 1;
    let images = (0..count).map(|at| data.train.image(at * step % data.train.len()));
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let side = images.iter().map(|image| image.height.max(image.width)).max().unwrap_or(1) + 2;
    let mut sheet = RgbImage::new((COLUMNS * side) as u32, (ROWS * side) as u32);
    for (at, image) in images.iter().enumerate() {
        let part = RgbImage::from_fn(image.width as u32, image.height as u32, |x, y| {
            let pixel = (y as usize * image.width + x as usize) * image.channels;
            Rgb([0, 1, 2].map(|channel: usize| image.pixels[pixel + channel % image.channels]))
        });
        let (x, y) = (at % COLUMNS * side, at / COLUMNS * side);
        imageops::replace(&mut sheet, &part, x as i64, y as i64);
    }
    sheet.save(file)?;
    println!("{file}: {count} of {} images, classes {}", data.train.len(), data.classes.join(", "));
    Ok(())
}
