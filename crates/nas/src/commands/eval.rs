//! `nas eval`: the accuracy of weights on the test images.

use std::time::Instant;

use anyhow::Result;
use dataset::HoldOut;
use serde::Serialize;
use training::fit::{TrainingVariant, refuse_other_classes};
use training::{Evaluation, Model, evaluate};

use super::train::data;
use crate::args::Global;
use crate::args_training::EvalArgs;
use crate::exit::{Outcome, bad_input, training_error};
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Evaluated {
    top1: f64,
    top5: f64,
    loss: f64,
    images: usize,
    images_per_s: f64,
    /// Always 0, since nothing is trained.
    epochs: u64,
    resolution: usize,
    weights: String,
}

pub(crate) fn run(global: &Global, args: &EvalArgs) -> Result<Outcome> {
    let backend = args.device.backend()?;
    let network = load::network(&args.net)?;
    let file = weights::read(&args.weights)?;
    let data = data::load(global, &args.data, HoldOut::NONE)?;
    let network = load::network_for_images(global, &args.net, network, &data)?;
    let trained = file.variant();
    let resolution = args.train_resolution.unwrap_or(trained.resolution);
    let stem_stride = args.train_stem_stride.or(trained.stem_stride);
    let refused = |error| training_error(&args.net, error);
    let variant = TrainingVariant { resolution, stem_stride };
    let network = variant.checked(&network).map_err(refused)?;
    let fitted = file.fit(&network);
    let (network, weights) = fitted.map_err(|error| bad_input(args.weights.display(), error))?;
    let data = data::matched(global, data, &network)?;
    refuse_other_classes(&data, &network).map_err(refused)?;
    let graph = network.lower().map_err(|error| bad_input(&args.net, error))?;
    let threads = global.training_threads();
    let model = Model::new(&graph, backend, 0)?;
    model.load(&weights)?;
    let start = Instant::now();
    let Evaluation { images, top1, top5, loss } = evaluate(&model, &data.dataset.test, threads)?;
    let images_per_s = images as f64 / start.elapsed().as_secs_f64();
    let weights = args.weights.display().to_string();
    let evaluated =
        Evaluated { top1, top5, loss, images, images_per_s, epochs: 0, resolution, weights };
    if global.json {
        screen::print_json(&evaluated)?;
    } else {
        let images = screen::grouped(images);
        outln!("top-1 {:.2} %, top-5 {:.2} % of {images} images", 100.0 * top1, 100.0 * top5);
    }
    Ok(Outcome::Done)
}
