//! `nas export`: a network as an ONNX file.

use std::path::Path;

use anyhow::Result;
use onnx::{Batch, BatchNorm, Settings};
use report::write_atomically;
use search_space::{Network, Weights};
use serde::Serialize;

use crate::args::{ExportArgs, Global};
use crate::exit::{Outcome, bad_input};
use crate::{load, screen};

#[derive(Serialize)]
struct Exported {
    file: String,
    params: usize,
    weights: String,
}

pub(crate) fn run(global: &Global, args: &ExportArgs) -> Result<Outcome> {
    let network = load::network(&args.net)?;
    let batch = if args.dynamic_batch { Batch::Dynamic } else { Batch::One };
    let norm = if args.unfolded { BatchNorm::Unfolded } else { BatchNorm::Folded };
    let params = network.lower()?.cost().params;
    let bytes = untrained(&network, global.seed, batch, norm)?;
    write_atomically(&args.onnx, &bytes).map_err(|error| {
        let error = anyhow::Error::new(error);
        bad_input("--onnx", format!("{error:#}"))
    })?;
    let file = args.onnx.display().to_string();
    let weights = description(global.seed);
    if global.json {
        screen::print_json(&Exported { file, params, weights })?;
    } else {
        let params = screen::grouped(params);
        println!("wrote {file}: {}, {params} parameters; {weights}", network.name);
    }
    Ok(Outcome::Done)
}

/// Writes the network with random weights, one image a run and folded batch norms.
pub(crate) fn write_untrained(path: &Path, network: &Network, seed: u64) -> Result<()> {
    let bytes = untrained(network, seed, Batch::default(), BatchNorm::default())?;
    Ok(write_atomically(path, &bytes)?)
}

fn untrained(network: &Network, seed: u64, batch: Batch, norm: BatchNorm) -> Result<Vec<u8>> {
    let graph = network.lower()?;
    let description = description(seed);
    let settings = Settings { name: &network.name, description: &description, batch, norm };
    Ok(onnx::encode(&graph, &Weights::random(&graph, seed), settings)?)
}

fn description(seed: u64) -> String {
    format!("untrained: random weights from seed {seed}, good for deployment tests only")
}
