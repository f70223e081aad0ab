//! The tensors of a graph.

pub(crate) mod fold;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};

use crate::graph::{Graph, Node, Op};

/// The tensors of one node, in PyTorch's layouts.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeWeights {
    /// The op has no tensors.
    None,
    /// The tensors of a convolution or linear layer.
    Filter {
        /// `[out, in / groups, kernel, kernel]` of a convolution or `[out, in]` of a linear layer.
        weight: Vec<f32>,
        /// `[out]`, empty if the op has no bias.
        bias: Vec<f32>,
    },
    /// The tensors of a batch norm, each of shape `[channels]`.
    Norm {
        /// Scale.
        gamma: Vec<f32>,
        /// Shift.
        beta: Vec<f32>,
        /// Running mean.
        mean: Vec<f32>,
        /// Running variance.
        var: Vec<f32>,
    },
}

/// The tensors of a graph, node by node.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The tensors of each node in the order of [`Graph::nodes`].
    pub nodes: Vec<NodeWeights>,
}

impl Weights {
    /// Random weights that keep activations in a normal range. Convolutions and linear layers use
    /// He initialisation over the fan-in. The tensors of batch norms are scattered around the
    /// identity, so that a wrong folding changes the output.
    pub fn random(graph: &Graph, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let nodes = graph.nodes.iter().map(|node| random_node(graph, node, &mut rng)).collect();
        Self { nodes }
    }
}

fn random_node(graph: &Graph, node: &Node, rng: &mut ChaCha8Rng) -> NodeWeights {
    let out = node.output.channels;
    let mut uniform = |low: f32, high: f32| -> Vec<f32> {
        let range = Uniform::new(low, high).expect("low is below high");
        (0..out).map(|_| range.sample(&mut *rng)).collect()
    };
    let (fan_in, bias) = match node.op {
        Op::BatchNorm => {
            return NodeWeights::Norm {
                gamma: uniform(0.8, 1.2),
                beta: uniform(-0.2, 0.2),
                mean: uniform(-0.2, 0.2),
                var: uniform(0.8, 1.2),
            };
        }
        Op::Conv { kernel, groups, bias, .. } => {
            (kernel * kernel * graph.input_shape(node).channels / groups, bias)
        }
        Op::Linear { bias } => (graph.input_shape(node).channels, bias),
        _ => return NodeWeights::None,
    };
    let bias = if bias { uniform(-0.2, 0.2) } else { Vec::new() };
    let deviation = (2.0 / fan_in as f32).sqrt();
    let normal = Normal::new(0.0, deviation).expect("the deviation is finite");
    NodeWeights::Filter { weight: normal.sample_iter(rng).take(out * fan_in).collect(), bias }
}
