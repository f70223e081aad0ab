//! `nas export`: a network as an ONNX file.

use std::path::Path;

use anyhow::Result;
use onnx::{Batch, BatchNorm, Metadata, Opset, Settings};
use report::write_atomically;
use search_space::{Network, Weights};
use serde::Serialize;
use training::Form;
use training::fit::stem_stride;

use crate::args::{ExportArgs, Global};
use crate::exit::{Outcome, bad_input};
use crate::memory::Copies;
use crate::progress::note;
use crate::weights::Fitted;
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Exported {
    file: String,
    params: usize,
    weights: String,
    /// Height and width of the input in pixels.
    resolution: usize,
    stem_stride: Option<usize>,
    opset: u8,
}

pub(crate) fn run(global: &Global, args: &ExportArgs) -> Result<Outcome> {
    let opset = args.opset.map_or(Ok(Opset::default()), Opset::new);
    let opset = opset.map_err(|error| bad_input("--opset", error))?;
    let network = load::runnable(&args.net, Copies::Computed)?;
    let (network, tensors, description, form) = match &args.weights {
        Some(path) => {
            let form = if args.deployed { Form::Deployed } else { Form::Trained };
            let Fitted { network, weights, form } = weights::fit_as(form, path, &network)?;
            (network, weights, format!("weights of {}", path.display()), form)
        }
        None => {
            let tensors = Weights::random(&network.lower()?, global.seed);
            (network, tensors, untrained(global.seed), None)
        }
    };
    let batch = if args.dynamic_batch { Batch::Dynamic } else { Batch::One };
    let norm = if args.unfolded { BatchNorm::Unfolded } else { BatchNorm::Folded };
    let bytes = encode(&network, &tensors, &description, (batch, norm, opset))?;
    write_atomically(&args.onnx, &bytes)
        .map_err(anyhow::Error::new)
        .map_err(weights::refused("--onnx"))?;
    let (file, params) = (args.onnx.display().to_string(), network.lower()?.cost().params);
    let resolution = network.input.resolution;
    if args.weights.is_some() && (network.class_names.is_empty() || network.preprocessing.is_none())
    {
        note(global, "the weights say nothing of class names or preprocessing, nor does the file");
    }
    if global.json {
        let (stem_stride, opset) = (stem_stride(&network), opset.version());
        let weights = description;
        screen::print_json(&Exported { file, params, weights, resolution, stem_stride, opset })?;
        return Ok(Outcome::Done);
    }
    let (name, params) = (&network.name, screen::grouped(params));
    outln!("wrote {file}: {name}, {resolution} px, {params} parameters; {description}");
    if let Some(form) = form {
        outln!("{form}");
    }
    Ok(Outcome::Done)
}

fn encode(
    network: &Network,
    tensors: &Weights,
    description: &str,
    (batch, norm, opset): (Batch, BatchNorm, Opset),
) -> Result<Vec<u8>> {
    let Network { name, class_names, preprocessing, .. } = network;
    let metadata = Metadata { class_names, preprocessing: preprocessing.as_ref() };
    let settings = Settings { name, description, batch, norm, opset, metadata };
    Ok(onnx::encode(&network.lower()?, tensors, settings)?)
}

/// Writes a network with weights, a batch size of 1 and folded batch norms.
pub(crate) fn write_trained(
    path: &Path,
    network: &Network,
    tensors: &Weights,
    description: &str,
) -> Result<()> {
    let how = (Batch::default(), BatchNorm::default(), Opset::default());
    Ok(write_atomically(path, &encode(network, tensors, description, how)?)?)
}

/// Writes a network with random weights, a batch size of 1 and folded batch norms.
pub(crate) fn write_untrained(path: &Path, network: &Network, seed: u64) -> Result<()> {
    let tensors = Weights::random(&network.lower()?, seed);
    write_trained(path, network, &tensors, &untrained(seed))
}

fn untrained(seed: u64) -> String {
    format!("untrained: random weights from seed {seed}, for deployment tests only")
}
