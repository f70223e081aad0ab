//! Writes networks as ONNX files, with a random image and the engine's logits for it, for
//! `tests/compare_with_onnxruntime.py`: `cargo run --release -p onnx --example cases -- DIR`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use engine::Engine;
use onnx::{Batch, BatchNorm, Metadata, Opset, Settings, encode};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Network, Weights, published};

/// How many networks are written from each search space.
const GENOTYPES: u64 = 50;
/// Small enough to be fast, and large enough that every stride halves the map.
const RESOLUTION: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: cases DIR")?);
    fs::create_dir_all(&folder)?;
    for name in published::network_names() {
        let network = published::network(&format!("{name}@resolution={RESOLUTION}"))?;
        write(&folder, name, &network)?;
    }
    for name in published::space_names() {
        let space = published::space(name)?;
        for seed in 0..GENOTYPES {
            let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
            let mut network = space.decode(&genotype)?;
            network.input.resolution = RESOLUTION;
            write(&folder, &format!("{name}-{genotype}"), &network)?;
        }
    }
    Ok(())
}

/// Writes the files of one network. `NAME.input` and `NAME.logits` are f32, little-endian; the image is
/// NCHW.
fn write(folder: &Path, name: &str, network: &Network) -> Result<(), Box<dyn Error>> {
    let graph = network.lower()?;
    let weights = Weights::random(&graph, 0);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (channels, pixels) = (graph.input().channels, graph.input().pixels());
    let image: Vec<f32> = (0..channels * pixels).map(|_| rng.random_range(-1.0..1.0)).collect();
    let nchw = (0..image.len()).map(|i| image[i % pixels * channels + i / pixels]);
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let logits = Engine::new(&graph, &weights, 1)?.run(&image).to_vec();
    fs::write(folder.join(format!("{name}.input")), bytes(&nchw.collect::<Vec<f32>>()))?;
    fs::write(folder.join(format!("{name}.logits")), bytes(&logits))?;
    for (file, norm, batch) in [
        ("folded", BatchNorm::Folded, Batch::One),
        ("unfolded", BatchNorm::Unfolded, Batch::One),
        ("dynamic", BatchNorm::Folded, Batch::Dynamic),
    ] {
        let (opset, metadata) = (Opset::default(), Metadata::default());
        let description = "random weights";
        let settings = Settings { name, description, batch, norm, opset, metadata };
        fs::write(folder.join(format!("{name}.{file}.onnx")), encode(&graph, &weights, settings)?)?;
    }
    Ok(())
}
