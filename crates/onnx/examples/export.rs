//! Writes a published network with random weights as an ONNX file:
//! `cargo run --release -p onnx --example export -- FILE [NETWORK]`

use std::error::Error;
use std::{env, fs};

use onnx::{Batch, BatchNorm, Metadata, Opset, Settings, encode};
use search_space::{Weights, published};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let path = args.next().ok_or("usage: export FILE [NETWORK]")?;
    let name = args.next().unwrap_or_else(|| "mobilenet_v3_large".to_owned());
    let graph = published::network(&name)?.lower()?;
    let settings = Settings {
        name: &name,
        description: "random weights",
        batch: Batch::Dynamic,
        norm: BatchNorm::Folded,
        opset: Opset::default(),
        metadata: Metadata::default(),
    };
    let bytes = encode(&graph, &Weights::random(&graph, 0), settings)?;
    fs::write(&path, &bytes)?;
    println!("{path}: {name}, {:.1} MB", bytes.len() as f64 / 1e6);
    Ok(())
}
