//! A network lowered to ops with shapes, in topological order.

pub(crate) mod channel_groups;
pub(crate) mod cost;
pub(crate) mod lower;
mod lower_blocks;
mod op_text;
pub(crate) mod unit;
mod unit_text;

use std::ops::Range;

use crate::graph::unit::PlacedUnit;
use crate::network::Norm;
use crate::network::block::{Activation, Gate};

/// A square feature map of one image: `[resolution, resolution, channels]`. Vectors (after a global
/// pool) have resolution 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Height and width.
    pub resolution: usize,
}

impl Shape {
    /// A map of `channels` channels, `resolution` pixels high and wide.
    pub fn new(channels: usize, resolution: usize) -> Self {
        Self { channels, resolution }
    }

    /// Pixels of the map.
    pub fn pixels(&self) -> usize {
        self.resolution * self.resolution
    }

    /// Numbers in the map.
    pub fn elements(&self) -> usize {
        self.pixels() * self.channels
    }
}

/// Index of a node in [`Graph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// A primitive. Convolutions and pools pad k/2 on all sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// The image.
    Input,
    /// 2-D convolution; depthwise where `groups` equals the input's and the output's channels.
    Conv {
        /// Side of the kernel.
        kernel: usize,
        /// Stride.
        stride: usize,
        /// Groups.
        groups: usize,
        /// Whether it has a bias.
        bias: bool,
    },
    /// Batch norm over channels.
    BatchNorm,
    /// Activation; never [`Activation::Linear`].
    Act(Activation),
    /// Squeeze-and-excite's gate.
    Gate(Gate),
    /// Max pool; padding never wins.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Stride.
        stride: usize,
    },
    /// Average pool that counts its padding (divides by k^2).
    AvgPool {
        /// Side of the window.
        kernel: usize,
        /// Stride.
        stride: usize,
    },
    /// Mean over all pixels.
    GlobalAvgPool,
    /// Sum of two inputs of one shape.
    Add,
    /// Product of a map (first input) and a vector (second), channel by channel.
    Multiply,
    /// Channels of all inputs, one after another.
    Concat,
    /// As many channels as the output has, from `start` on.
    Split {
        /// First channel.
        start: usize,
    },
    /// View of the channels as `[groups, channels/groups]`, transposed, flattened.
    ChannelShuffle {
        /// Groups.
        groups: usize,
    },
    /// Dropout: the identity at inference.
    Dropout {
        /// Probability of a zero in training.
        p: f32,
    },
    /// Fully connected layer on a vector.
    Linear {
        /// Whether it has a bias.
        bias: bool,
    },
}

/// One op with its inputs and output shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique: `blocks.3.depthwise.conv`, `head.classifier`.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// Nodes whose outputs it reads; all stand before it.
    pub inputs: Vec<NodeId>,
    /// Shape of its output.
    pub output: Shape,
}

/// The nodes that a block, or the head, was lowered to.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSpan {
    /// The block or head with its input shape: the key of a latency table.
    pub unit: PlacedUnit,
    /// Its nodes. Only the last one is read by later units.
    pub nodes: Range<usize>,
}

/// A network as ops. Node 0 is the input; the last node gives the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// In topological order.
    pub nodes: Vec<Node>,
    /// Blocks in order, then the head; together they cover all nodes but the input.
    pub units: Vec<UnitSpan>,
    /// Batch norm's settings.
    pub norm: Norm,
}

impl Graph {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Shape of a node's first input; its own for the image.
    pub fn input_shape(&self, node: &Node) -> Shape {
        node.inputs.first().map_or(node.output, |&id| self.node(id).output)
    }

    /// Whether a node's output channels are new ones, of filters of its own: convolutions that are not
    /// depthwise, and linear layers.
    pub fn makes_channels(&self, node: &Node) -> bool {
        match node.op {
            Op::Conv { groups, .. } => {
                let channels = node.output.channels;
                groups == 1 || groups != channels || self.input_shape(node).channels != channels
            }
            Op::Linear { .. } => true,
            _ => false,
        }
    }

    /// Shape of the image.
    pub fn input(&self) -> Shape {
        self.nodes[0].output
    }

    /// Number of logits.
    pub fn classes(&self) -> usize {
        self.nodes[self.nodes.len() - 1].output.channels
    }

    /// For each node the last node that reads it; its own index where none does.
    pub fn last_readers(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.nodes.len()).collect();
        for (index, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                last[input.0] = index;
            }
        }
        last
    }
}
