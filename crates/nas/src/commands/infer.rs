//! `nas infer`: logits of images in a safetensors file.

use std::path::Path;

use anyhow::Result;
use engine::Engine;
use report::write_atomically;
use serde::Serialize;
use training::{Form, Tensor, read_safetensors, write_safetensors};

use crate::args::Global;
use crate::args_training::InferArgs;
use crate::exit::{Outcome, bad_input};
use crate::memory::{self, Copies};
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Inferred {
    /// Shape of the logits.
    shape: [usize; 2],
    output: String,
}

pub(crate) fn run(global: &Global, args: &InferArgs) -> Result<Outcome> {
    let file = weights::read(&args.weights)?;
    let mut network = load::network(&args.net)?;
    network.input.channels = file.network.input.channels;
    let Tensor { shape, values } = read_input(&args.input)?;
    let place = || format!("{}: input", args.input.display());
    let channels = network.input.channels;
    let (batch, side) = match shape[..] {
        [batch, found, height, width]
            if found == channels && height == width && batch * height > 0 =>
        {
            (batch, height)
        }
        _ => {
            let expected = format!("[batch, {channels}, height, width] with height = width");
            return Err(bad_input(place(), format!("found {shape:?}; expected: {expected}")));
        }
    };
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let message = format!("found {} at index {at}; expected: finite values", values[at]);
        return Err(bad_input(place(), message));
    }
    let form = if args.deployed { Form::Deployed } else { Form::Trained };
    let mut network = file.in_form(form, &network);
    network.input.resolution = side;
    memory::check(&args.net, &network, Copies::Computed)?;
    let fitted = file.fit(&network);
    let (network, weights) = fitted.map_err(|error| bad_input(args.weights.display(), error))?;
    let graph = network.lower().map_err(|error| bad_input(&args.net, error))?;
    let engine = Engine::new(&graph, &weights, global.measured_threads());
    let mut engine = engine.map_err(|error| bad_input(&args.net, error))?;
    let logits = engine.run_planes(&values);
    let shape = [batch, network.classes];
    let tensors = [("logits".to_owned(), &shape[..], &logits[..])];
    let bytes = write_safetensors(&tensors, ("network", &network.name))?;
    write_atomically(&args.output, &bytes)
        .map_err(anyhow::Error::new)
        .map_err(weights::refused("--output"))?;
    let output = args.output.display().to_string();
    if global.json {
        screen::print_json(&Inferred { shape, output })?;
    } else {
        outln!("wrote {output}: logits {shape:?}");
    }
    Ok(Outcome::Done)
}

fn read_input(path: &Path) -> Result<Tensor> {
    let bytes = std::fs::read(path).map_err(|error| bad_input(path.display(), error))?;
    let file = read_safetensors(&bytes).map_err(|error| bad_input(path.display(), error));
    let (mut tensors, _) = file?;
    let found = || tensors.keys().cloned().collect::<Vec<_>>().join(", ");
    match tensors.contains_key("input") {
        true => Ok(tensors.remove("input").unwrap_or_default()),
        false => {
            let message = format!("found the tensors {}; expected: one named input", found());
            Err(bad_input(path.display(), message))
        }
    }
}
