//! dump
use dataset::{Dataset, HoldOut, Source};
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let data = Dataset::load(&args[1].parse::<Source>().unwrap(), HoldOut::NONE).unwrap();
    for (name, part) in [("train", &data.train), ("test", &data.test)] {
        let mut file = std::io::BufWriter::new(std::fs::File::create(format!("{}.{name}", args[2])).unwrap());
        for i in 0..part.len() {
            file.write_all(&[part.label(i) as u8]).unwrap();
            file.write_all(&part.image(i).unwrap().pixels).unwrap();
        }
    }
}
