//! Import of state dicts of other frameworks.

mod hint;
mod layout;

use search_space::{Network, Weights};

use self::hint::{fits, hint};
use self::layout::{Layout, no_classifier};
use crate::error::{TensorFault, TrainingError};
use crate::initialise::initialise;
use crate::state_dict::{Chosen, ModelClaims, StateDictSource, StateFile};
use crate::tensors::{Tensor, TensorSpec, Tensors, assemble, faults, tensor_specs};

/// The framework that a state dict comes from; it decides the names of tensors and the batch norm
/// settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// MobileNetV2 and V3, MnasNet B1, ShuffleNetV2.
    Torchvision,
    /// MobileNetV1 to V4, MnasNet, LCNet.
    Timm,
}

impl Framework {
    const ALL: [Self; 2] = [Self::Torchvision, Self::Timm];

    /// Tensors of which every state dict of the framework has exactly one.
    fn anchors(self) -> &'static [&'static str] {
        match self {
            Self::Torchvision => &["features.0.0.weight", "conv1.0.weight", "layers.14.weight"],
            Self::Timm => &["conv_stem.weight"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Torchvision => "torchvision",
            Self::Timm => "timm",
        }
    }
}

/// Where the weights of the classifier come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classifier {
    /// From the state dict, which decides the number of classes.
    OfFile,
    /// They are random, for the classes of the network. Other linear layers of the head are, too, if
    /// the state dict lacks them.
    Fresh {
        /// The seed of the random weights.
        seed: u64,
    },
}

/// How a state dict is imported.
#[derive(Clone, Debug)]
pub struct ImportSettings<'a> {
    /// The framework that built the network.
    pub framework: Framework,
    /// The key of the state dict, if the file has several; `None` prefers averaged weights.
    pub state_key: Option<&'a str>,
    /// Where the weights of the classifier come from.
    pub classifier: Classifier,
    /// What a `config.json` says of the network.
    pub config: Option<&'a ModelClaims>,
}

impl ImportSettings<'_> {
    /// The only or the averaged state dict of a file, with its classifier.
    pub fn new(framework: Framework) -> Self {
        Self { framework, state_key: None, classifier: Classifier::OfFile, config: None }
    }
}

/// An imported state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The network with the classes of the weights and the framework's batch norm settings.
    pub network: Network,
    /// Its weights.
    pub weights: Weights,
    /// Where in the file they were found.
    pub source: StateDictSource,
    /// The layers whose weights are random.
    pub fresh: Vec<String>,
}

/// Imports a state dict of a file for `network`.
///
/// # Errors
/// [`TrainingError::Setting`]: a key that the file lacks, or several state dicts without a key.
/// [`TrainingError::NoNames`] or [`TrainingError::File`]: a network that the framework does not
/// provide, one with another number of blocks, or one that computes something else, such as timm's
/// `tf_` networks. [`TrainingError::NoClassifier`]: a state dict that lacks only the classifier.
/// [`TrainingError::Tensors`]: tensors that are missing, unexpected or of another shape, and values
/// that are no weights. [`TrainingError::Hint`]: one of these, with the network that the file fits.
pub fn import(
    settings: &ImportSettings<'_>,
    network: &Network,
    file: &StateFile,
) -> Result<Imported, TrainingError> {
    import_chosen(settings, network, file).map_err(|error| match error {
        TrainingError::Tensors(ref faults) if faults.iter().all(TensorFault::is_of_value) => error,
        TrainingError::Tensors(_)
        | TrainingError::NoNames { .. }
        | TrainingError::Blocks { .. } => {
            let hint = hint(settings, file, &error);
            TrainingError::Hint { error: Box::new(error), hint }
        }
        TrainingError::NoStateDict { .. } => match fits(settings.state_key, file) {
            Some(fits) => TrainingError::Hint { error: Box::new(error), hint: fits },
            None => error,
        },
        error => error,
    })
}

fn import_chosen(
    settings: &ImportSettings<'_>,
    network: &Network,
    file: &StateFile,
) -> Result<Imported, TrainingError> {
    let no_claims = ModelClaims::default();
    let config = settings.config.unwrap_or(&no_claims);
    for claims in [file.claims(), config] {
        claims.refuse_other_mathematics()?;
    }
    let chosen = file.choose(settings.framework.anchors(), settings.state_key)?;
    let shapes = chosen.shapes();
    let Layout { mut network, graph, names, wanted } = Layout::new(settings, network, &shapes)?;
    network.norm.eps = config.norm_eps.or(file.claims().norm_eps).unwrap_or(network.norm.eps);

    let specs = tensor_specs(&graph);
    let fresh = settings.classifier.fresh(&specs, &wanted, &shapes);
    let of_file = |name: &str| fresh.iter().all(|fresh| *fresh != name);
    let wanted_of_file: Vec<(&str, &TensorSpec)> = wanted
        .iter()
        .map(String::as_str)
        .zip(&specs)
        .filter(|(_, spec)| of_file(spec.node()))
        .collect();
    let replaced = names.get("head.classifier").filter(|_| !fresh.is_empty());
    let replaced = replaced.and_then(|name| name.split('.').next());
    let ignored =
        |name: &str| name.ends_with(".num_batches_tracked") || name.split('.').next() == replaced;
    let found = faults(&wanted_of_file, &shapes, ignored);
    if !found.is_empty() {
        return Err(no_classifier(&found, &wanted, &specs).unwrap_or(TrainingError::Tensors(found)));
    }
    let classes = config.classes.filter(|_| settings.classifier == Classifier::OfFile);
    if let Some(classes) = classes.filter(|&classes| classes != network.classes) {
        return Err(TrainingError::File {
            found: format!("a classifier of {} classes", network.classes),
            expected: format!("{classes}, as config.json says"),
        });
    }
    let mut tensors = Tensors::new();
    for (name, _) in wanted_of_file {
        tensors.insert(name.to_owned(), chosen.tensor(name)?);
    }
    if let Classifier::Fresh { seed } = settings.classifier {
        let random = initialise(&specs, seed).into_iter().zip(&specs).zip(&wanted);
        for ((values, TensorSpec { shape, .. }), name) in random {
            tensors.entry(name.clone()).or_insert(Tensor { shape: shape.clone(), values });
        }
    }
    let weights = assemble(&graph, &wanted, tensors, |_| false)?;
    let fresh = fresh.into_iter().map(str::to_owned).collect();
    let Chosen { source, .. } = chosen;
    Ok(Imported { network, weights, source, fresh })
}
