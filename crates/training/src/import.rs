//! Import of state dicts of other frameworks.

use search_space::{Network, ParseError, Weights};

use crate::error::TrainingError;
use crate::foreign_names::{Scheme, scheme};
use crate::tensors::{Tensors, assemble, tensor_specs};

/// The framework that a state dict comes from; it decides the names of tensors and the batch norm
/// settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// MobileNetV2 and V3, MnasNet B1, ShuffleNetV2.
    Torchvision,
    /// MobileNetV1, V2 and V3, MnasNet.
    Timm,
}

/// Imports a state dict: returns `network` with the number of classes of the state dict's
/// classifier and the framework's batch norm settings, and its weights.
///
/// # Errors
/// [`TrainingError::NoNames`] or [`TrainingError::File`]: a network that the framework does not
/// provide, or one with another number of blocks. [`TrainingError::Tensors`] with all tensors that
/// are missing, unexpected or of another shape.
pub fn import(
    framework: Framework,
    network: &Network,
    tensors: Tensors,
) -> Result<(Network, Weights), TrainingError> {
    let Scheme { names, norm } = scheme(framework, network, &tensors)?;
    let classifier = names.get("head.classifier").map(|name| format!("{name}.weight"));
    let classifier = classifier.and_then(|name| tensors.get(&name));
    let rows = classifier.and_then(|tensor| tensor.shape.first().copied());
    let classes = rows.unwrap_or(network.classes);
    let mut network = Network { norm, classes, ..network.clone() };
    network.drop_unfitting_names();
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
