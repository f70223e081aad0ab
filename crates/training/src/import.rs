//! State dicts of other frameworks.

use search_space::{Network, ParseError, Weights};

use crate::error::TrainingError;
use crate::foreign_names::{Scheme, scheme};
use crate::tensors::{Tensors, assemble, tensor_specs};

/// Whose names and batch norms a state dict has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// MobileNetV2 and V3, MnasNet B1, ShuffleNetV2.
    Torchvision,
    /// MobileNetV1, V2 and V3, MnasNet.
    Timm,
}

/// `network` with the weights of a state dict, the classes of its classifier, and batch norms as the
/// framework builds them.
///
/// # Errors
/// A network that the framework has not got; tensors that are missing, left over or of another
/// shape, all of them.
pub fn import(
    framework: Framework,
    network: &Network,
    tensors: Tensors,
) -> Result<(Network, Weights), TrainingError> {
    let Scheme { names, norm } = scheme(framework, network, &tensors)?;
    let classifier = names.get("head.classifier").map(|name| format!("{name}.weight"));
    let classifier = classifier.and_then(|name| tensors.get(&name));
    let rows = classifier.and_then(|tensor| tensor.shape.first().copied());
    let network = Network { norm, classes: rows.unwrap_or(network.classes), ..network.clone() };
    let graph = network.lower().map_err(ParseError::from)?;
    let wanted: Vec<String> = tensor_specs(&graph)
        .iter()
        .map(|spec| {
            let (node, leaf) = spec.name.rsplit_once('.').unwrap_or_default();
            format!("{}.{leaf}", names.get(node).map_or(node, |name| name))
        })
        .collect();
    let ignored = |name: &str| name.ends_with(".num_batches_tracked");
    let weights = assemble(&graph, &wanted, tensors, ignored)?;
    Ok((network, weights))
}
