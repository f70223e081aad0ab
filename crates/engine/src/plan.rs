//! From a graph and weights to operations and buffers.

use kernels::{Activation, ChannelsFrom, InstructionSet, Memory, PackedWeights};
use search_space::{Graph, Node, NodeId, Op, Weights};

use crate::buffers::Buffers;
use crate::error::EngineError;
use crate::fuse::{activation, readers};
use crate::fused_inverted_residual::{geometry, inverted_residual_at};
use crate::operation::{ConcatPart, Kernel, Operation, Place, Slot};

/// A compiled network.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) operations: Vec<Operation>,
    pub(crate) buffers: Vec<Memory>,
    pub(crate) output: Place,
}

pub(crate) fn plan(graph: &Graph, weights: &Weights) -> Result<Plan, EngineError> {
    let readers = readers(graph);
    let mut planner = Planner {
        graph,
        weights,
        set: InstructionSet::detect(),
        pending: readers.iter().map(Vec::len).collect(),
        readers,
        places: vec![None; graph.nodes.len()],
        buffers: Buffers::default(),
        operations: Vec::new(),
    };
    planner.places[0] = Some(Place::Image);
    for (unit, span) in graph.units.iter().enumerate() {
        for index in span.nodes.clone() {
            if planner.places[index].is_none() {
                planner.lower(NodeId(index), unit)?;
            }
        }
    }
    let kernels = planner.operations.iter_mut();
    let mut weights: Vec<_> = kernels.flat_map(|op| op.kernel.packed_weights()).collect();
    PackedWeights::gather(&mut weights);
    let output = planner.place(NodeId(graph.nodes.len() - 1));
    Ok(Plan { operations: planner.operations, buffers: planner.buffers.allocate(), output })
}

pub(crate) struct Planner<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) weights: &'a Weights,
    pub(crate) set: InstructionSet,
    pub(crate) readers: Vec<Vec<NodeId>>,
    /// Where the output of each node is. All nodes of one operation have its place.
    places: Vec<Option<Place>>,
    /// For each node, the number of readers that are not part of an operation yet.
    pending: Vec<usize>,
    buffers: Buffers,
    operations: Vec<Operation>,
}

/// A kernel and the nodes that it computes, each of which reads the one before it.
pub(crate) struct Lowered {
    pub(crate) kernel: Kernel,
    pub(crate) nodes: Vec<NodeId>,
}

impl Planner<'_> {
    /// Adds the operation that computes a node, and with it the nodes that it can be fused with.
    fn lower(&mut self, id: NodeId, unit: usize) -> Result<(), EngineError> {
        let node = self.graph.node(id);
        let unit_nodes = &self.graph.units[unit].nodes;
        if let Some(nodes) = inverted_residual_at(self.graph, &self.readers, id, unit_nodes) {
            let lowered = self.fused_inverted_residual(nodes)?;
            self.push(lowered, unit);
            return Ok(());
        }
        let channels = self.graph.input_shape(node).channels;
        let geometry = geometry(self.graph, id);
        let kernel = match node.op {
            Op::Conv { .. } | Op::Linear { .. } => {
                let lowered = self.conv(id, geometry)?;
                self.push(lowered, unit);
                return Ok(());
            }
            Op::Add => {
                let lowered = self.add(id);
                self.push(lowered, unit);
                return Ok(());
            }
            Op::BatchNorm => {
                return Err(EngineError::UnfoldedNorm { node: node.name.clone() });
            }
            // At inference, dropout is the identity: its output is in the buffer of its input.
            Op::Input | Op::Dropout { .. } => {
                self.alias(id, node);
                return Ok(());
            }
            Op::MaxPool { .. } => Kernel::MaxPool { geometry, channels },
            Op::AvgPool { .. } => Kernel::AvgPool { geometry, channels },
            Op::GlobalAvgPool => Kernel::GlobalAvgPool { channels },
            Op::Split { start } => {
                let from = ChannelsFrom { first: start, channels };
                Kernel::Split { from, count: node.output.channels }
            }
            Op::Concat => Kernel::Concat {
                parts: node.inputs.iter().map(|&id| self.concat_part(id)).collect(),
                channels: node.output.channels,
            },
            Op::ChannelShuffle { groups } => Kernel::Shuffle { channels, groups },
            Op::Multiply => Kernel::Scale { by: self.place(node.inputs[1]) },
            Op::Act(_) | Op::Gate(_) => {
                Kernel::Act(activation(&node.op).unwrap_or(Activation::Linear))
            }
        };
        self.push(Lowered { kernel, nodes: vec![id] }, unit);
        Ok(())
    }

    fn concat_part(&self, id: NodeId) -> ConcatPart {
        ConcatPart { place: self.place(id), channels: self.graph.node(id).output.channels }
    }

    /// Adds an operation, with a buffer for its output.
    fn push(&mut self, Lowered { kernel, nodes }: Lowered, unit: usize) {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let input_id = self.graph.node(first).inputs[0];
        let input = self.place(input_id);
        let len = self.graph.node(last).output.elements();
        let in_place = matches!(kernel, Kernel::Scale { .. } | Kernel::Act(_));
        let index = match input {
            Place::Buffer(slot) if in_place && self.pending[input_id.0] == 1 => slot.index,
            _ if in_place => self.copied(input_id, unit),
            _ => self.buffers.take(len),
        };
        let output = Slot { index, len };
        self.operations.push(Operation { kernel, input, output, unit });
        for id in nodes {
            self.places[id.0] = Some(Place::Buffer(output));
            self.consume(id, index);
        }
    }

    /// Counts `id` as a reader of its inputs, and releases the buffers of those that have no other
    /// reader left, except the buffer `keep`, which holds the output of the operation itself.
    fn consume(&mut self, id: NodeId, keep: usize) {
        for input in &self.graph.node(id).inputs {
            self.pending[input.0] -= 1;
            if let (0, Some(Place::Buffer(slot))) = (self.pending[input.0], self.places[input.0])
                && slot.index != keep
            {
                self.buffers.release(slot.index);
            }
        }
    }

    /// A new buffer with a copy of a value that others still read.
    fn copied(&mut self, id: NodeId, unit: usize) -> usize {
        let shape = self.graph.node(id).output;
        let (len, channels) = (shape.elements(), shape.channels);
        let output = Slot { index: self.buffers.take(len), len };
        let from = ChannelsFrom { first: 0, channels };
        let kernel = Kernel::Split { from, count: channels };
        self.operations.push(Operation { kernel, input: self.place(id), output, unit });
        output.index
    }

    fn alias(&mut self, id: NodeId, node: &Node) {
        let Some(&input) = node.inputs.first() else { return };
        self.places[id.0] = self.places[input.0];
        // The readers of the alias keep the buffer; the input itself has no other reader.
        self.pending[input.0] -= 1;
    }

    pub(crate) fn place(&self, id: NodeId) -> Place {
        self.places[id.0].unwrap_or(Place::Image)
    }
}
