//! `nas import`: weights saved by torchvision or timm.

use anyhow::Result;
use serde::Serialize;
use training::{Framework, import, read_state_dict};

use crate::args::Global;
use crate::args_training::{FrameworkKind, ImportArgs};
use crate::exit::{Outcome, bad_input};
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Imported {
    file: String,
    params: usize,
    classes: usize,
}

pub(crate) fn run(global: &Global, args: &ImportArgs) -> Result<Outcome> {
    let network = load::network(&args.net)?;
    let bad = |error| bad_input(args.file.display(), error);
    let tensors = read_state_dict(&args.file).map_err(bad)?;
    let framework = match args.from {
        FrameworkKind::Torchvision => Framework::Torchvision,
        FrameworkKind::Timm => Framework::Timm,
    };
    let (network, imported) = import(framework, &network, tensors).map_err(bad)?;
    weights::write(&args.weights, &network, &imported).map_err(weights::refused("--weights"))?;
    let params = network.lower()?.cost().params;
    let (file, classes) = (args.weights.display().to_string(), network.classes);
    if global.json {
        screen::print_json(&Imported { file, params, classes })?;
    } else {
        let params = screen::grouped(params);
        outln!("wrote {file}: {}, {params} parameters, {classes} classes", network.name);
    }
    Ok(Outcome::Done)
}
