//! The tensors that the networks of a space share.

use std::collections::HashMap;

use search_space::{
    Block, Graph, Head, Network, Node, Op, PlacedUnit, Pool, SearchSpace, Unit, UnitPlace,
};

use crate::tensors::node_specs;

/// A tensor that networks share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharedTensor {
    /// The place of its unit and the role of the tensor there, such as
    /// `stages.2.0.InvertedResidual.expand.conv.weight`. Convolutions with other numbers of groups
    /// have other names, so that they share nothing.
    pub(super) name: String,
    /// Its shape in PyTorch's layout.
    pub(super) shape: Vec<usize>,
    /// Number of groups into which its output channels are divided; 1 for depthwise convolutions.
    pub(super) groups: usize,
}

/// The parameters of a graph, in the order of [`crate::tensor_specs`]. `places` are those of its
/// units.
pub(super) fn shared_tensors(graph: &Graph, places: &[UnitPlace]) -> Vec<SharedTensor> {
    let units = graph.units.iter().zip(places);
    units.flat_map(|(unit, place)| of_unit(graph, unit.nodes.clone(), *place)).collect()
}

fn of_unit(
    graph: &Graph,
    nodes: std::ops::Range<usize>,
    place: UnitPlace,
) -> impl Iterator<Item = SharedTensor> {
    nodes.flat_map(move |index| {
        let node = &graph.nodes[index];
        let groups = groups(graph, node);
        let specs = node_specs(graph, node).into_iter().filter(|spec| spec.is_parameter());
        specs.map(move |spec| {
            let role = role(&spec.name, place);
            let name = match groups {
                1 => format!("{place}.{role}"),
                groups => format!("{place}.groups{groups}.{role}"),
            };
            SharedTensor { name, shape: spec.shape, groups }
        })
    })
}

/// The part of a tensor's name after that of its unit: `head.`, or `blocks.` and an index.
fn role(name: &str, place: UnitPlace) -> &str {
    let parts = if place == UnitPlace::Head { 2 } else { 3 };
    name.splitn(parts, '.').last().unwrap_or(name)
}

/// The groups of a node's output channels: those of a convolution that makes channels, which the
/// batch norm after it has too.
fn groups(graph: &Graph, node: &Node) -> usize {
    match (node.op, node.inputs.first()) {
        (Op::Conv { groups, .. }, _) if graph.makes_channels(node) => groups,
        (Op::BatchNorm, Some(&input)) => groups(graph, graph.node(input)),
        _ => 1,
    }
}

/// The tensors of all networks of a space, each as large as the largest one in every dimension, in
/// the order of first appearance. Units that cannot be computed are left out.
pub(super) fn largest_tensors(space: &SearchSpace) -> Vec<SharedTensor> {
    let mut largest: Vec<SharedTensor> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (place, unit) in space.units_by_place() {
        let Ok(graph) = alone(&unit, space).lower() else { continue };
        let index = if place == UnitPlace::Head { 1 } else { 0 };
        for tensor in of_unit(&graph, graph.units[index].nodes.clone(), place) {
            match known.get(&tensor.name) {
                None => {
                    known.insert(tensor.name.clone(), largest.len());
                    largest.push(tensor);
                }
                Some(&at) => {
                    let dims = largest[at].shape.iter_mut().zip(tensor.shape);
                    dims.for_each(|(dim, other)| *dim = other.max(*dim));
                }
            }
        }
    }
    largest
}

/// A network with this unit and no other parameters than the classifier's.
fn alone(unit: &PlacedUnit, space: &SearchSpace) -> Network {
    let pool = Head::Pool { dropout: Default::default(), bias: true };
    let nothing = Block::MaxPool(Pool { kernel: 1, stride: 1 });
    let (block, head) = match unit.unit {
        Unit::Block(block) => (block, pool),
        Unit::Head { head, .. } => (nothing, head),
    };
    let input = unit.input;
    Network {
        format: Network::FORMAT,
        name: space.name.clone(),
        input: search_space::Input { channels: input.channels, resolution: input.resolution },
        classes: space.classes,
        class_names: Vec::new(),
        preprocessing: None,
        norm: space.norm,
        blocks: vec![block],
        head,
    }
}
