//! The names and shapes of a graph's tensors, and a graph's weights assembled from tensors by name.

use std::collections::BTreeMap;

use search_space::{Graph, NodeWeights, Op, Weights};

use crate::error::{TensorFault, TrainingError};

/// A tensor of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its elements in row-major order.
    pub values: Vec<f32>,
}

/// The tensors of a file by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// The name and shape of a tensor that a graph needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name of its node with `.weight`, `.bias`, `.running_mean` or `.running_var`.
    pub name: String,
    /// Its shape in PyTorch's layout.
    pub shape: Vec<usize>,
}

/// The tensors of a graph in the order of its nodes. Those of a batch norm are scale, shift,
/// running mean and running variance.
pub fn tensor_specs(graph: &Graph) -> Vec<TensorSpec> {
    let mut specs = Vec::new();
    for node in &graph.nodes {
        let out = node.output.channels;
        let input = graph.input_shape(node).channels;
        let mut push = |leaf: &str, shape: Vec<usize>| {
            specs.push(TensorSpec { name: format!("{}.{leaf}", node.name), shape });
        };
        let bias = match node.op {
            Op::Conv { kernel, groups, bias, .. } => {
                push("weight", vec![out, input / groups, kernel, kernel]);
                bias
            }
            Op::Linear { bias } => {
                push("weight", vec![out, input]);
                bias
            }
            Op::BatchNorm => {
                for leaf in ["weight", "bias", "running_mean", "running_var"] {
                    push(leaf, vec![out]);
                }
                false
            }
            _ => false,
        };
        if bias {
            push("bias", vec![out]);
        }
    }
    specs
}

/// The tensors of `weights` in the order of [`tensor_specs`].
pub(crate) fn flat(weights: &Weights) -> Vec<&[f32]> {
    let of = |node| -> Vec<&[f32]> {
        match node {
            &NodeWeights::None => vec![],
            NodeWeights::Filter { weight, bias } if bias.is_empty() => vec![weight],
            NodeWeights::Filter { weight, bias } => vec![weight, bias],
            NodeWeights::Norm { gamma, beta, mean, var } => vec![gamma, beta, mean, var],
        }
    };
    weights.nodes.iter().flat_map(of).collect()
}

/// Assembles a graph's weights from tensors by name. `wanted` are the names of the tensors in the
/// order of [`tensor_specs`]; messages show these, not the names of the specs. Trailing dimensions
/// of 1 are ignored when shapes are compared. `ignored` says which other tensors may be present.
///
/// # Errors
/// [`TrainingError::Tensors`] with all tensors that are missing, unexpected or of another shape.
pub(crate) fn assemble(
    graph: &Graph,
    wanted: &[String],
    mut tensors: Tensors,
    ignored: impl Fn(&str) -> bool,
) -> Result<Weights, TrainingError> {
    let mut faults = Vec::new();
    let mut values = Vec::with_capacity(wanted.len());
    for (name, TensorSpec { shape, .. }) in wanted.iter().zip(tensor_specs(graph)) {
        match tensors.remove(name) {
            None => faults.push(TensorFault::Missing { name: name.clone(), shape }),
            Some(tensor) if trimmed(&tensor.shape) != trimmed(&shape) => {
                let found = tensor.shape;
                faults.push(TensorFault::Shape { name: name.clone(), found, expected: shape });
            }
            Some(tensor) => values.push(tensor.values),
        }
    }
    let left = tensors.into_iter().filter(|(name, _)| !ignored(name));
    faults.extend(left.map(|(name, Tensor { shape, .. })| TensorFault::Extra { name, shape }));
    if !faults.is_empty() {
        return Err(TrainingError::Tensors(faults));
    }
    Ok(weights_of(graph, values))
}

/// A graph's weights from the elements of its tensors, in the order of [`tensor_specs`].
pub(crate) fn weights_of(graph: &Graph, values: Vec<Vec<f32>>) -> Weights {
    let mut values = values.into_iter();
    let mut next = || values.next().unwrap_or_default();
    let nodes = graph.nodes.iter().map(|node| match node.op {
        Op::Conv { bias, .. } | Op::Linear { bias } => {
            let weight = next();
            NodeWeights::Filter { weight, bias: if bias { next() } else { Vec::new() } }
        }
        Op::BatchNorm => {
            let [gamma, beta, mean, var] = std::array::from_fn(|_| next());
            NodeWeights::Norm { gamma, beta, mean, var }
        }
        _ => NodeWeights::None,
    });
    Weights { nodes: nodes.collect() }
}

/// Removes trailing dimensions of 1: a pointwise convolution may be stored as a linear layer and vice
/// versa.
fn trimmed(shape: &[usize]) -> &[usize] {
    let end = shape.iter().rposition(|&dim| dim != 1).map_or(0, |last| last + 1);
    &shape[..end]
}
