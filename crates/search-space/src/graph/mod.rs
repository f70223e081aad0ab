//! A network lowered to ops with shapes, in topological order.

pub(crate) mod channel_groups;
pub(crate) mod cost;
pub(crate) mod lower;
mod lower_blocks;
mod op_text;
mod parse_unit;
pub(crate) mod unit;
pub(crate) mod unit_legend;
mod unit_text;

use std::ops::Range;

use crate::graph::unit::PlacedUnit;
use crate::network::Norm;
use crate::network::block::{Activation, Gate};

/// The shape of a square feature map of one image: `[resolution, resolution, channels]`. A vector,
/// as after a global pool, has resolution 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Height and width in pixels.
    pub resolution: usize,
}

impl Shape {
    /// A map of `channels` channels that is `resolution` pixels high and wide.
    pub fn new(channels: usize, resolution: usize) -> Self {
        Self { channels, resolution }
    }

    /// Number of pixels of the map.
    pub fn pixels(&self) -> usize {
        self.resolution * self.resolution
    }

    /// Number of elements of the map.
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
    /// 2-D convolution, which is depthwise if `groups` equals the channels of both input and
    /// output.
    Conv {
        /// Side of the kernel.
        kernel: usize,
        /// Stride.
        stride: usize,
        /// Number of groups.
        groups: usize,
        /// Whether the op has a bias.
        bias: bool,
    },
    /// Batch norm over channels.
    BatchNorm,
    /// Activation function, never [`Activation::Linear`].
    Act(Activation),
    /// Gate of squeeze-and-excite.
    Gate(Gate),
    /// Max pool, whose padding is never the maximum.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Stride.
        stride: usize,
    },
    /// Average pool that includes its padding: it always divides by k^2.
    AvgPool {
        /// Side of the window.
        kernel: usize,
        /// Stride.
        stride: usize,
    },
    /// Mean over all pixels.
    GlobalAvgPool,
    /// Sum of two inputs of the same shape.
    Add,
    /// Product of a feature map (first input) and a vector (second input), channel by channel.
    Multiply,
    /// Concatenation of all inputs along the channels.
    Concat,
    /// Consecutive channels of the input, as many as the output has.
    Split {
        /// Index of the first channel.
        start: usize,
    },
    /// Channel shuffle: the channels viewed as `[groups, channels / groups]`, transposed and
    /// flattened.
    ChannelShuffle {
        /// Number of groups.
        groups: usize,
    },
    /// Dropout, which is the identity at inference.
    Dropout {
        /// Probability with which an element is set to zero in training.
        p: f32,
    },
    /// Fully connected layer on a vector.
    Linear {
        /// Whether the op has a bias.
        bias: bool,
    },
}

/// An op with its inputs and its output shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique name, such as `blocks.3.depthwise.conv` or `head.classifier`.
    pub name: String,
    /// The op.
    pub op: Op,
    /// Nodes whose outputs the op reads. All of them precede this node.
    pub inputs: Vec<NodeId>,
    /// Shape of the output.
    pub output: Shape,
}

/// The nodes to which a block or the head was lowered.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSpan {
    /// The block or head with its input shape, which is the key of a latency table.
    pub unit: PlacedUnit,
    /// Indices of its nodes. Later units read the last one only.
    pub nodes: Range<usize>,
}

/// A network as a graph of ops. Node 0 is the input, and the last node computes the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// All nodes in topological order.
    pub nodes: Vec<Node>,
    /// The blocks in order, then the head. Together they cover all nodes but the input.
    pub units: Vec<UnitSpan>,
    /// Settings of all batch norms.
    pub norm: Norm,
}

impl Graph {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Shape of a node's first input. For the input node it is that of the image itself.
    pub fn input_shape(&self, node: &Node) -> Shape {
        node.inputs.first().map_or(node.output, |&id| self.node(id).output)
    }

    /// Whether a node computes new channels with filters of its own. Linear layers do, and so do
    /// convolutions that are not depthwise.
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

    /// For each node, the index of the last node that reads it, or its own index if none does.
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
