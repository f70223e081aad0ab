//! The names and shapes of a graph's tensors, and a graph's weights assembled from tensors by name.

use std::collections::{BTreeMap, BTreeSet};

use search_space::{Graph, Node, NodeWeights, Op, Weights};

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

/// The shapes of tensors by name.
pub(crate) type Shapes = BTreeMap<String, Vec<usize>>;

/// The name and shape of a tensor that a graph needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name of its node with `.weight`, `.bias`, `.running_mean` or `.running_var`.
    pub name: String,
    /// Its shape in PyTorch's layout.
    pub shape: Vec<usize>,
}

impl TensorSpec {
    /// The name of its node.
    pub(crate) fn node(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(node, _)| node)
    }

    /// Whether it is a learned parameter: all tensors but running statistics are.
    pub(crate) fn is_parameter(&self) -> bool {
        !matches!(self.leaf(), "running_mean" | "running_var")
    }

    /// `weight`, `bias`, `running_mean` or `running_var`.
    pub(crate) fn leaf(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, leaf)| leaf)
    }
}

/// The tensors of a graph in the order of its nodes. Those of a batch norm are scale, shift,
/// running mean and running variance.
pub fn tensor_specs(graph: &Graph) -> Vec<TensorSpec> {
    graph.nodes.iter().flat_map(|node| node_specs(graph, node)).collect()
}

/// The tensors of a node.
pub(crate) fn node_specs(graph: &Graph, node: &Node) -> Vec<TensorSpec> {
    let out = node.output.channels;
    let input = graph.input_shape(node).channels;
    let spec =
        |leaf: &str, shape: Vec<usize>| TensorSpec { name: format!("{}.{leaf}", node.name), shape };
    let (weight, bias) = match node.op {
        Op::Conv { kernel, groups, bias, .. } => (vec![out, input / groups, kernel, kernel], bias),
        Op::Linear { bias } => (vec![out, input], bias),
        Op::BatchNorm => {
            let leaves = ["weight", "bias", "running_mean", "running_var"];
            return leaves.map(|leaf| spec(leaf, vec![out])).into();
        }
        _ => return Vec::new(),
    };
    let bias = bias.then(|| spec("bias", vec![out]));
    [spec("weight", weight)].into_iter().chain(bias).collect()
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

/// What is wrong with tensors, given their shapes. `wanted` are the names of those that a graph needs,
/// with their specs; messages show these names, not those of the specs. Trailing dimensions of 1
/// are ignored when shapes are compared. `ignored` says which other tensors may be present.
pub(crate) fn faults(
    wanted: &[(&str, &TensorSpec)],
    shapes: &Shapes,
    ignored: impl Fn(&str) -> bool,
) -> Vec<TensorFault> {
    let of_wanted = wanted.iter().filter_map(|&(name, TensorSpec { shape: expected, .. })| {
        let (name, expected) = (name.to_owned(), expected.clone());
        match shapes.get(&name) {
            None => Some(TensorFault::Missing { name, shape: expected }),
            Some(found) if trimmed(found) != trimmed(&expected) => {
                Some(TensorFault::Shape { name, found: found.clone(), expected })
            }
            Some(_) => None,
        }
    });
    let names: BTreeSet<&str> = wanted.iter().map(|(name, _)| *name).collect();
    let others = shapes.iter().filter(|(name, _)| !names.contains(&name[..]) && !ignored(name));
    let extra = |(name, shape): (&String, &Vec<usize>)| TensorFault::Extra {
        name: name.clone(),
        shape: shape.clone(),
    };
    of_wanted.chain(others.map(extra)).collect()
}

/// Assembles a graph's weights from tensors by name. `wanted` are the names of the tensors in the
/// order of [`tensor_specs`]. `ignored` says which other tensors may be present.
///
/// # Errors
/// [`TrainingError::Tensors`] with all tensors that are missing, unexpected or of another shape, or
/// with the first value of each tensor that is not finite, or negative where it is a variance.
pub(crate) fn assemble(
    graph: &Graph,
    wanted: &[String],
    mut tensors: Tensors,
    ignored: impl Fn(&str) -> bool,
) -> Result<Weights, TrainingError> {
    let specs = tensor_specs(graph);
    let shapes = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone()));
    let named: Vec<(&str, &TensorSpec)> = wanted.iter().map(String::as_str).zip(&specs).collect();
    let mut found = faults(&named, &shapes.collect(), ignored);
    if found.is_empty() {
        let of_values = |&(name, spec): &(&str, &TensorSpec)| {
            fault_of_values(name, spec, &tensors.get(name)?.values)
        };
        found.extend(named.iter().filter_map(of_values));
    }
    if !found.is_empty() {
        return Err(TrainingError::Tensors(found));
    }
    let values = wanted.iter().filter_map(|name| tensors.remove(name));
    Ok(weights_of(graph, values.map(|tensor| tensor.values).collect()))
}

/// The first value of a tensor that cannot be a weight.
fn fault_of_values(name: &str, spec: &TensorSpec, values: &[f32]) -> Option<TensorFault> {
    let is_variance = spec.leaf() == "running_var";
    let is_wrong = |value: &f32| !value.is_finite() || (is_variance && *value < 0.0);
    let at = values.iter().position(is_wrong)?;
    let mut rest = at;
    let mut index: Vec<usize> = Vec::with_capacity(spec.shape.len());
    for &dim in spec.shape.iter().rev() {
        index.push(rest % dim);
        rest /= dim;
    }
    index.reverse();
    Some(TensorFault::Value {
        name: name.to_owned(),
        index,
        found: values[at].to_string(),
        expected: if is_variance { "a finite variance of at least 0" } else { "a finite number" },
    })
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
