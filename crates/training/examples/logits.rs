//! Logits of the network as it is trained, from a weights file of `nas train` or `nas import`.
//!
//!     CANDLE_NUM_THREADS=1 cargo run --release -p training --example logits -- WEIGHTS INPUT OUTPUT
//!
//! INPUT is a safetensors file with the images as `input`, `[batch, channels, height, width]`, at the
//! resolution of the weights; OUTPUT gets `logits`, `[batch, classes]`. `nas infer` writes the same
//! file with the logits of the engine.

use std::error::Error;

use training::{Backend, Model, WeightsFile, read_safetensors, write_safetensors};

const THREADS: usize = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [weights, input, output] = &args[..] else {
        return Err("usage: logits WEIGHTS INPUT OUTPUT".into());
    };
    let file = WeightsFile::read(&std::fs::read(weights)?)?;
    let network = file.network.clone();
    let (network, weights) = file.fit(&network)?;
    let model = Model::new(&network.lower()?, Backend::Fused, 0)?;
    model.load(&weights)?;

    let (mut tensors, _) = read_safetensors(&std::fs::read(input)?)?;
    let images = tensors.remove("input").ok_or("no tensor is named input")?;
    let side = network.input.resolution;
    let [batch, channels, height, width] = images.shape[..] else {
        return Err(format!("found {:?}; expected: 4 dimensions", images.shape).into());
    };
    if [channels, height, width] != [network.input.channels, side, side] {
        let expected = [network.input.channels, side, side];
        return Err(format!("found images {:?}; expected: {expected:?}", images.shape).into());
    }
    let pixels = height * width;
    let image = |planes: &[f32]| -> Vec<f32> {
        (0..planes.len()).map(|at| planes[at % channels * pixels + at / channels]).collect()
    };
    let images: Vec<f32> = images.values.chunks_exact(channels * pixels).flat_map(image).collect();
    let logits = model.logits(&images, THREADS)?;
    let tensors = [("logits".to_owned(), &[batch, network.classes][..], &logits[..])];
    std::fs::write(output, write_safetensors(&tensors, ("network", &network.name))?)?;
    Ok(())
}
