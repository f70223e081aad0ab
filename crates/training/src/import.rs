//! Import of state dicts of other frameworks.

use search_space::{Graph, Network, ParseError, Weights, published};

use crate::error::{TensorFault, TrainingError};
use crate::foreign_names::{Names, Scheme, scheme};
use crate::initialise::initialise;
use crate::state_dict::{Chosen, ModelClaims, StateDictSource, StateFile};
use crate::tensors::{Shapes, Tensor, TensorSpec, Tensors, assemble, faults, tensor_specs};

/// The framework that a state dict comes from; it decides the names of tensors and the batch norm
/// settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// MobileNetV2 and V3, MnasNet B1, ShuffleNetV2.
    Torchvision,
    /// MobileNetV1, V2 and V3, MnasNet.
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
    let classes = (network.classes, config.classes.unwrap_or(network.classes));
    if settings.classifier == Classifier::OfFile && classes.0 != classes.1 {
        return Err(TrainingError::File {
            found: format!("a classifier of {} classes", classes.0),
            expected: format!("{}, as config.json says", classes.1),
        });
    }
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

/// A network with the classes of a state dict, and the names of its tensors there.
struct Layout {
    network: Network,
    graph: Graph,
    names: Names,
    /// The names in the order of [`tensor_specs`].
    wanted: Vec<String>,
}

impl Layout {
    fn new(
        settings: &ImportSettings<'_>,
        network: &Network,
        shapes: &Shapes,
    ) -> Result<Self, TrainingError> {
        let Scheme { names, norm } = scheme(settings.framework, network, shapes)?;
        let rows = match settings.classifier {
            Classifier::OfFile => names.get("head.classifier"),
            Classifier::Fresh { .. } => None,
        };
        let rows = rows.and_then(|name| shapes.get(&format!("{name}.weight"))?.first().copied());
        let classes = rows.filter(|&rows| rows > 0).unwrap_or(network.classes);
        let network = Network { norm, classes, ..network.clone() };
        let graph = network.lower().map_err(ParseError::from)?;
        let name_of = |spec: &TensorSpec| {
            let name = names.get(spec.node()).map_or(spec.node(), String::as_str);
            format!("{name}.{}", spec.leaf())
        };
        let wanted = tensor_specs(&graph).iter().map(name_of).collect();
        Ok(Self { network, graph, names, wanted })
    }
}

impl Classifier {
    /// The layers whose weights are random.
    fn fresh<'a>(
        self,
        specs: &'a [TensorSpec],
        wanted: &[String],
        shapes: &Shapes,
    ) -> Vec<&'a str> {
        if self == Self::OfFile {
            return Vec::new();
        }
        let is_fresh = |node: &str, name: &str| match node {
            "head.classifier" => true,
            "head.features" => !shapes.contains_key(name),
            _ => false,
        };
        let all = specs.iter().map(TensorSpec::node).zip(wanted);
        let mut fresh: Vec<&str> =
            all.filter(|(node, name)| is_fresh(node, name)).map(|(node, _)| node).collect();
        fresh.dedup();
        fresh
    }
}

/// The error of a state dict that lacks nothing but linear layers of the head.
fn no_classifier(
    faults: &[TensorFault],
    wanted: &[String],
    specs: &[TensorSpec],
) -> Option<TrainingError> {
    let is_of_head = |missing: &str| {
        let spec = specs.iter().zip(wanted).find(|(_, name)| *name == missing);
        spec.is_some_and(|(spec, _)| ["head.classifier", "head.features"].contains(&spec.node()))
    };
    let mut missing = Vec::new();
    for fault in faults {
        match fault {
            TensorFault::Missing { name, .. } if is_of_head(name) => missing.push(name.clone()),
            _ => return None,
        }
    }
    Some(TrainingError::NoClassifier { missing })
}

/// What the file may be of, for an error that says that it does not fit.
fn hint(settings: &ImportSettings<'_>, file: &StateFile, error: &TrainingError) -> String {
    let of_shapes = matches!(error, TrainingError::Tensors(faults)
        if faults.iter().all(|fault| matches!(fault, TensorFault::Shape { .. })));
    fits(settings.state_key, file).unwrap_or_else(|| {
        let hint = match of_shapes {
            true => "all names fit: the file may be of another width of the network",
            false => "the file may be of another network, or of another framework",
        };
        hint.to_owned()
    })
}

/// The published network that a file fits.
fn fits(state_key: Option<&str>, file: &StateFile) -> Option<String> {
    const WIDTHS: [&str; 13] = [
        "1", "0.25", "0.35", "0.5", "0.75", "1.1", "1.2", "1.25", "1.3", "1.33", "1.4", "1.5", "2",
    ];
    for framework in Framework::ALL {
        let Ok(chosen) = file.choose(framework.anchors(), state_key) else { continue };
        let shapes = chosen.shapes();
        let settings = ImportSettings::new(framework);
        for name in published::network_names() {
            for width in WIDTHS {
                let name = match width {
                    "1" => name.to_owned(),
                    width => format!("{name}@width={width}"),
                };
                let Ok(network) = published::network(&name) else { continue };
                let Ok(layout) = Layout::new(&settings, &network, &shapes) else { continue };
                let specs = tensor_specs(&layout.graph);
                let wanted: Vec<_> = layout.wanted.iter().map(String::as_str).zip(&specs).collect();
                let ignored = |name: &str| name.ends_with(".num_batches_tracked");
                let found = faults(&wanted, &shapes, ignored);
                if found.is_empty() || no_classifier(&found, &layout.wanted, &specs).is_some() {
                    return Some(format!("the file fits {name} of {}", framework.name()));
                }
            }
        }
    }
    None
}
