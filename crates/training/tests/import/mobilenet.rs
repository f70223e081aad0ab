//! Small networks with the state dicts that torchvision would save of them.

use search_space::{Block, Network, NodeWeights, Weights};
use training::tensor_specs;

use super::torch_save::{Node, Stored};

/// A network as torchvision's MobileNetV2, but small.
pub(crate) fn network() -> Network {
    let ron = r#"Network(format: 1, name: "small", input: (channels: 3, resolution: 32), classes: 4,
        blocks: [
            Conv(out: 8, kernel: 3, stride: 2, act: Relu6),
            InvertedResidual(out: 8, kernel: 3, stride: 1, act: Relu6),
            InvertedResidual(expand: 16, out: 8, kernel: 3, stride: 1, act: Relu6, skip: Identity),
        ],
        head: ConvThenPool(conv: 16, act: Relu6))"#;
    Network::from_ron(ron).expect("valid")
}

/// A tensor of a state dict.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// The state dict of a network of MobileNetV2's blocks in torchvision.
pub(crate) fn state_dict(network: &Network, weights: &Weights) -> Vec<Named> {
    let graph = network.lower().expect("valid");
    let values = weights.nodes.iter().flat_map(|node| match node {
        NodeWeights::None => vec![],
        NodeWeights::Filter { weight, bias } if bias.is_empty() => vec![weight],
        NodeWeights::Filter { weight, bias } => vec![weight, bias],
        NodeWeights::Norm { gamma, beta, mean, var } => vec![gamma, beta, mean, var],
    });
    let mut named: Vec<Named> = tensor_specs(&graph)
        .into_iter()
        .zip(values)
        .map(|(spec, values)| {
            let (node, leaf) = spec.name.rsplit_once('.').expect("a leaf");
            let name = format!("{}.{leaf}", torchvision_name(network, node));
            Named { name, shape: spec.shape, values: values.clone() }
        })
        .collect();
    let counted = Named {
        name: "features.0.1.num_batches_tracked".to_owned(),
        shape: vec![],
        values: vec![3.0],
    };
    named.push(counted);
    named
}

fn torchvision_name(network: &Network, node: &str) -> String {
    let part = |name: &str| match name {
        "conv" => 0,
        _ => 1,
    };
    let parts: Vec<&str> = node.split('.').collect();
    match parts[..] {
        ["head", "classifier"] => "classifier.1".to_owned(),
        ["head", "conv", kind] => format!("features.{}.{}", network.blocks.len(), part(kind)),
        ["blocks", index, "conv", kind] => format!("features.{index}.{}", part(kind)),
        ["blocks", index, which, kind] => {
            let block = &network.blocks[index.parse::<usize>().expect("a number")];
            let Block::InvertedResidual(residual) = block else { panic!("{block:?}") };
            let before = usize::from(residual.expand.is_some());
            match which {
                "expand" => format!("features.{index}.conv.0.{}", part(kind)),
                "depthwise" => format!("features.{index}.conv.{before}.{}", part(kind)),
                _ => format!("features.{index}.conv.{}", before + 1 + part(kind)),
            }
        }
        _ => panic!("{node}"),
    }
}

/// A state dict as a value of a checkpoint, with a prefix before each name.
pub(crate) fn node(state: &[Named], prefix: &str) -> Node {
    let entry = |Named { name, shape, values }: &Named| {
        (format!("{prefix}{name}"), Node::Tensor(Stored::new(shape, values)))
    };
    Node::Dict(state.iter().map(entry).collect())
}
