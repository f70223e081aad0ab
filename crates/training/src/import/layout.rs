//! The tensors of a network in a state dict.

use search_space::{Graph, Network, ParseError};

use super::{Classifier, ImportSettings};
use crate::error::{TensorFault, TrainingError};
use crate::foreign_names::{Names, Scheme, scheme};
use crate::tensors::{Shapes, TensorSpec, tensor_specs};

/// A network with the classes of a state dict, and the names of its tensors there.
pub(super) struct Layout {
    pub(super) network: Network,
    pub(super) graph: Graph,
    pub(super) names: Names,
    /// The names in the order of [`tensor_specs`].
    pub(super) wanted: Vec<String>,
}

impl Layout {
    pub(super) fn new(
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
        let mut network = Network { norm, classes, ..network.clone() };
        network.drop_unfitting_names();
        let graph = network.lower().map_err(ParseError::from)?;
        let name_of = |spec: &TensorSpec| {
            let name = names.get(spec.node()).map_or(spec.node(), String::as_str);
            format!("{name}.{}", spec.leaf())
        };
        let wanted = tensor_specs(&graph).iter().map(name_of).collect();
        Ok(Self { network, graph, names, wanted })
    }
}

const CLASSIFIER: &str = "head.classifier";

/// Whether a node belongs to the layers behind the global pool, which checkpoints without a
/// classifier may lack: the classifier, and the features before it.
fn is_behind_pool(node: &str) -> bool {
    node == CLASSIFIER || node.starts_with("head.features")
}

impl Classifier {
    /// The layers whose weights are random.
    pub(super) fn fresh<'a>(
        self,
        specs: &'a [TensorSpec],
        wanted: &[String],
        shapes: &Shapes,
    ) -> Vec<&'a str> {
        if self == Self::OfFile {
            return Vec::new();
        }
        let is_fresh = |node: &str, name: &str| {
            node == CLASSIFIER || is_behind_pool(node) && !shapes.contains_key(name)
        };
        let all = specs.iter().map(TensorSpec::node).zip(wanted);
        let mut fresh: Vec<&str> =
            all.filter(|(node, name)| is_fresh(node, name)).map(|(node, _)| node).collect();
        fresh.dedup();
        fresh
    }
}

/// The error of a state dict that lacks nothing but linear layers of the head.
pub(super) fn no_classifier(
    faults: &[TensorFault],
    wanted: &[String],
    specs: &[TensorSpec],
) -> Option<TrainingError> {
    let is_of_head = |missing: &str| {
        let spec = specs.iter().zip(wanted).find(|(_, name)| *name == missing);
        spec.is_some_and(|(spec, _)| is_behind_pool(spec.node()))
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
