//! `nas import`: weights saved by torchvision or timm.

use anyhow::Result;
use serde::Serialize;
use training::{
    Classifier, Framework, ImportSettings, Imported, ModelClaims, StateDictSource, StateFile,
    StateFileFormat, TrainingError, import,
};

use crate::args::Global;
use crate::args_training::{FrameworkKind, ImportArgs};
use crate::exit::{Outcome, bad_input, training_error};
use crate::{load, screen, weights};

#[derive(Serialize)]
struct Report {
    file: String,
    params: usize,
    classes: usize,
    /// Form of the file that was read: `torch`, `torch-before-1.6` or `safetensors`.
    format: &'static str,
    /// Key of the state dict in the file, `null` if it is the whole file.
    key: Option<String>,
    /// What stands before the names of its tensors.
    prefix: Option<String>,
    /// Whether its weights are averages over training steps.
    average: bool,
    /// Keys of the state dicts that were not taken.
    other_keys: Vec<String>,
    /// Number of tensors beside the state dict.
    unused_tensors: usize,
    /// The network's name in a `config.json` beside the file, or in the file.
    architecture: Option<String>,
    /// The term that batch norms add to the variance.
    norm_eps: f32,
    /// Layers with random weights.
    fresh: Vec<String>,
}

pub(crate) fn run(global: &Global, args: &ImportArgs) -> Result<Outcome> {
    let network = load::network(&args.net)?;
    let file = StateFile::read(&args.file).map_err(|error| refused(args, error))?;
    let config = ModelClaims::beside(&args.file).map_err(|error| refused(args, error))?;
    let framework = match args.from {
        FrameworkKind::Torchvision => Framework::Torchvision,
        FrameworkKind::Timm => Framework::Timm,
    };
    let classifier = match args.fresh_classifier {
        true => Classifier::Fresh { seed: global.seed },
        false => Classifier::OfFile,
    };
    let settings = ImportSettings {
        framework,
        state_key: args.state_key.as_deref(),
        classifier,
        config: config.as_ref(),
    };
    let imported = import(&settings, &network, &file).map_err(|error| refused(args, error))?;
    let Imported { network, weights, source, fresh } = imported;
    weights::write(&args.weights, &network, &weights).map_err(weights::refused("--weights"))?;

    let params = network.lower()?.cost().params;
    let (written, classes) = (args.weights.display().to_string(), network.classes);
    let architecture =
        config.and_then(|config| config.architecture).or(file.claims().architecture.clone());
    if global.json {
        let some = |text: String| (!text.is_empty()).then_some(text);
        screen::print_json(&Report {
            file: written,
            params,
            classes,
            format: file.format().name(),
            key: some(source.key),
            prefix: some(source.prefix),
            average: source.is_average,
            other_keys: source.other_keys,
            unused_tensors: source.outside,
            architecture,
            norm_eps: network.norm.eps,
            fresh,
        })?;
        return Ok(Outcome::Done);
    }
    outln!("read {}: {}", args.file.display(), origin(file.format(), &source, architecture));
    let params = screen::grouped(params);
    let random = match fresh.is_empty() {
        true => String::new(),
        false => format!("; random weights in {}, to be trained", fresh.join(" and ")),
    };
    outln!("wrote {written}: {}, {params} parameters, {classes} classes{random}", network.name);
    Ok(Outcome::Done)
}

/// Where in the file the weights were found, in words.
fn origin(
    format: StateFileFormat,
    source: &StateDictSource,
    architecture: Option<String>,
) -> String {
    let mut parts = vec![format.words().to_owned()];
    parts.extend(architecture);
    if !source.key.is_empty() {
        parts.push(format!("key {}", source.key));
    }
    if !source.prefix.is_empty() {
        parts.push(format!("prefix {}", source.prefix));
    }
    if source.is_average {
        parts.push("averaged weights".to_owned());
    }
    if source.outside > 0 {
        parts.push(format!("{} other tensors not used", screen::grouped(source.outside)));
    }
    let others = source.other_keys.join(", ");
    let hint = match others.is_empty() {
        true => String::new(),
        false => format!(" (--state-key for another: {others})"),
    };
    parts.join(", ") + &hint
}

/// An error that names the file, or the option that it is about.
fn refused(args: &ImportArgs, error: TrainingError) -> anyhow::Error {
    match error {
        TrainingError::Setting { .. } | TrainingError::Io { .. } => {
            training_error(&args.net, error)
        }
        TrainingError::NoClassifier { .. } => {
            let option = "or --fresh-classifier for random weights, to be trained";
            bad_input(args.file.display(), format!("{error}, {option}"))
        }
        error => bad_input(args.file.display(), error),
    }
}
