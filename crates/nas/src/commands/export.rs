//! `nas export`: a network as an ONNX file.

use std::path::Path;

use anyhow::Result;
use onnx::{Batch, BatchNorm, Settings};
use report::write_atomically;
use search_space::{Network, Weights};
use serde::Serialize;

use crate::args::{ExportArgs, Global};
use crate::exit::Outcome;
use crate::memory::Copies;
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Exported {
    file: String,
    params: usize,
    weights: String,
}

pub(crate) fn run(global: &Global, args: &ExportArgs) -> Result<Outcome> {
    let network = load::runnable(&args.net, Copies::Computed)?;
    let (network, tensors, description) = match &args.weights {
        Some(path) => {
            let (network, tensors) = weights::fit(path, &network)?;
            (network, tensors, format!("weights of {}", path.display()))
        }
        None => {
            let tensors = Weights::random(&network.lower()?, global.seed);
            (network, tensors, untrained(global.seed))
        }
    };
    let graph = network.lower()?;
    let batch = if args.dynamic_batch { Batch::Dynamic } else { Batch::One };
    let norm = if args.unfolded { BatchNorm::Unfolded } else { BatchNorm::Folded };
    let settings = Settings { name: &network.name, description: &description, batch, norm };
    let bytes = onnx::encode(&graph, &tensors, settings)?;
    write_atomically(&args.onnx, &bytes)
        .map_err(anyhow::Error::new)
        .map_err(weights::refused("--onnx"))?;
    let (file, params) = (args.onnx.display().to_string(), graph.cost().params);
    if global.json {
        screen::print_json(&Exported { file, params, weights: description })?;
    } else {
        let params = screen::grouped(params);
        outln!("wrote {file}: {}, {params} parameters; {description}", network.name);
    }
    Ok(Outcome::Done)
}

/// Writes a network with random weights, a batch size of 1 and folded batch norms.
pub(crate) fn write_untrained(path: &Path, network: &Network, seed: u64) -> Result<()> {
    let graph = network.lower()?;
    let (batch, norm) = (Batch::default(), BatchNorm::default());
    let description = untrained(seed);
    let settings = Settings { name: &network.name, description: &description, batch, norm };
    Ok(write_atomically(path, &onnx::encode(&graph, &Weights::random(&graph, seed), settings)?)?)
}

fn untrained(seed: u64) -> String {
    format!("untrained: random weights from seed {seed}, for deployment tests only")
}
