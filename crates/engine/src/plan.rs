//! From a graph and weights to steps and buffers.

use kernels::{
    Activation, Bands, Conv, Depthwise, Geometry, InstructionSet, PackedMatrix, Pointwise,
};
use search_space::{Filter, Graph, Node, NodeId, Op, Shape, Weights};

use crate::bands::{BandNodes, ConvKind, bands, conv_kind, geometry};
use crate::buffers::Buffers;
use crate::error::EngineError;
use crate::fuse::{Fused, Residuals, activation, fuse, readers};
use crate::step::{Kernel, Place, Step};

/// A compiled network.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) buffers: Vec<Vec<f32>>,
    pub(crate) output: Place,
}

pub(crate) fn plan(graph: &Graph, weights: &Weights) -> Result<Plan, EngineError> {
    let mut planner = Planner {
        graph,
        weights,
        set: InstructionSet::detect(),
        readers: readers(graph),
        places: vec![None; graph.nodes.len()],
        pending: vec![0; graph.nodes.len()],
        buffers: Buffers::default(),
        steps: Vec::new(),
    };
    for (pending, readers) in planner.pending.iter_mut().zip(&planner.readers) {
        *pending = readers.len();
    }
    planner.places[0] = Some(Place::Image);
    for (unit, span) in graph.units.iter().enumerate() {
        for index in span.nodes.clone() {
            if planner.places[index].is_none() {
                planner.lower(NodeId(index), unit)?;
            }
        }
    }
    let output = planner.place(NodeId(graph.nodes.len() - 1));
    Ok(Plan { steps: planner.steps, buffers: planner.buffers.allocate(), output })
}

struct Planner<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    set: InstructionSet,
    readers: Vec<Vec<NodeId>>,
    /// Where each node's output is; the inner nodes of a fused step share its place.
    places: Vec<Option<Place>>,
    /// Readers of each node that no step was made for yet.
    pending: Vec<usize>,
    buffers: Buffers,
    steps: Vec<Step>,
}

impl Planner<'_> {
    fn lower(&mut self, id: NodeId, unit: usize) -> Result<(), EngineError> {
        let node = self.graph.node(id);
        if let Some(nodes) = bands(self.graph, &self.readers, id, &self.graph.units[unit].nodes) {
            let (kernel, nodes) = self.bands(nodes)?;
            self.push(kernel, &nodes, unit);
            return Ok(());
        }
        let input = self.graph.input_shape(node);
        let channels = input.channels;
        let geometry = geometry(self.graph, id);
        let (kernel, nodes) = match node.op {
            Op::Conv { groups, .. } => self.conv(id, geometry, groups, input)?,
            Op::Linear { .. } => self.conv(id, geometry, 1, input)?,
            Op::BatchNorm => {
                return Err(EngineError::UnfoldedNorm { node: node.name.clone() });
            }
            Op::MaxPool { .. } => (Kernel::MaxPool { geometry, channels }, vec![id]),
            Op::AvgPool { .. } => (Kernel::AvgPool { geometry, channels }, vec![id]),
            Op::GlobalAvgPool => (Kernel::GlobalAvgPool { channels }, vec![id]),
            Op::Add => self.add(id, node),
            Op::Split { start } => {
                (Kernel::Split { channels, start, count: node.output.channels }, vec![id])
            }
            Op::Concat => {
                let part = |&id: &NodeId| (self.place(id), self.graph.node(id).output.channels);
                let parts = node.inputs.iter().map(part).collect();
                (Kernel::Concat { parts, channels: node.output.channels }, vec![id])
            }
            Op::ChannelShuffle { groups } => (Kernel::Shuffle { channels, groups }, vec![id]),
            Op::Multiply => (Kernel::Scale { by: self.place(node.inputs[1]) }, vec![id]),
            // At inference dropout is the identity: its output is its input's buffer.
            Op::Input | Op::Dropout { .. } => {
                self.alias(id, node);
                return Ok(());
            }
            Op::Act(_) | Op::Gate(_) => {
                (Kernel::Act(activation(&node.op).unwrap_or(Activation::Linear)), vec![id])
            }
        };
        self.push(kernel, &nodes, unit);
        Ok(())
    }

    fn conv(
        &self,
        id: NodeId,
        geometry: Geometry,
        groups: usize,
        input: Shape,
    ) -> Result<(Kernel, Vec<NodeId>), EngineError> {
        let depthwise = conv_kind(self.graph, id) == ConvKind::Depthwise;
        let residuals = if depthwise { Residuals::None } else { Residuals::Before(id) };
        let Fused { norm, residual, act, nodes } = fuse(self.graph, &self.readers, id, residuals);
        let filter = self.weights.folded(self.graph, id, norm)?;
        let kernel = if depthwise {
            let kernel = geometry.kernel;
            let depthwise = Depthwise::new(self.set, &filter.weight, &filter.bias, kernel);
            Kernel::Depthwise { depthwise, geometry, act }
        } else {
            let (channels, kernel) = (input.channels, geometry.kernel);
            let conv = Conv::new(self.set, &filter.weight, &filter.bias, channels, kernel, groups);
            Kernel::Conv { conv, geometry, residual: residual.map(|id| self.place(id)), act }
        };
        Ok((kernel, nodes))
    }

    fn bands(&self, nodes: BandNodes) -> Result<(Kernel, Vec<NodeId>), EngineError> {
        let pointwise = |part: &Option<(NodeId, Fused)>| -> Result<_, EngineError> {
            let Some((id, fused)) = part else { return Ok(None) };
            let filter = self.weights.folded(self.graph, *id, fused.norm)?;
            let depth = self.graph.input_shape(self.graph.node(*id)).channels;
            let weights = PackedMatrix::new(self.set, &filter.weight, &filter.bias, depth);
            Ok(Some(Pointwise { weights, act: fused.act }))
        };
        let BandNodes { expand, depthwise: (id, fused), geometry, project } = nodes;
        let Filter { weight, bias } = self.weights.folded(self.graph, id, fused.norm)?;
        let bands = Bands {
            expand: pointwise(&expand)?,
            depthwise: Depthwise::new(self.set, &weight, &bias, geometry.kernel),
            act: fused.act,
            project: pointwise(&project)?,
        };
        let residual = project.as_ref().and_then(|(_, fused)| fused.residual);
        let residual = residual.map(|id| self.place(id));
        let parts = [expand, Some((id, fused)), project];
        let nodes = parts.into_iter().flatten().flat_map(|(_, fused)| fused.nodes).collect();
        Ok((Kernel::Bands { bands, geometry, residual }, nodes))
    }

    /// A sum that no convolution took up, with the activation that follows.
    fn add(&self, id: NodeId, node: &Node) -> (Kernel, Vec<NodeId>) {
        let other = self.place(node.inputs[1]);
        let next = match self.readers[id.0][..] {
            [next] => activation(&self.graph.node(next).op).map(|act| (act, next)),
            _ => None,
        };
        match next {
            Some((act, next)) => (Kernel::Add { other, act }, vec![id, next]),
            None => (Kernel::Add { other, act: Activation::Linear }, vec![id]),
        }
    }

    /// Adds a step that computes `nodes`, each of which reads the one before it.
    fn push(&mut self, kernel: Kernel, nodes: &[NodeId], unit: usize) {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let input_id = self.graph.node(first).inputs[0];
        let input = self.place(input_id);
        let len = self.graph.node(last).output.elements();
        let in_place = matches!(kernel, Kernel::Scale { .. } | Kernel::Act(_));
        let index = match input {
            Place::Buffer { index, .. } if in_place && self.pending[input_id.0] == 1 => index,
            _ if in_place => self.copied(input_id, unit),
            _ => self.buffers.take(len),
        };
        self.steps.push(Step { kernel, input, output: (index, len), unit });
        for &id in nodes {
            self.places[id.0] = Some(Place::Buffer { index, len });
            self.consume(id, index);
        }
    }

    /// Counts `id` as a reader of its inputs and frees what has no reader left; `keep` is the
    /// buffer of the step's own output.
    fn consume(&mut self, id: NodeId, keep: usize) {
        for input in &self.graph.node(id).inputs {
            self.pending[input.0] -= 1;
            if let (0, Some(Place::Buffer { index, .. })) =
                (self.pending[input.0], self.places[input.0])
                && index != keep
            {
                self.buffers.release(index);
            }
        }
    }

    /// A fresh buffer with a copy of a value that others still read.
    fn copied(&mut self, id: NodeId, unit: usize) -> usize {
        let shape = self.graph.node(id).output;
        let (len, channels) = (shape.elements(), shape.channels);
        let index = self.buffers.take(len);
        let kernel = Kernel::Split { channels, start: 0, count: channels };
        self.steps.push(Step { kernel, input: self.place(id), output: (index, len), unit });
        index
    }

    fn alias(&mut self, id: NodeId, node: &Node) {
        let Some(&input) = node.inputs.first() else { return };
        self.places[id.0] = self.places[input.0];
        // The alias' readers keep the buffer; the input itself has none besides.
        self.pending[input.0] -= 1;
    }

    fn place(&self, id: NodeId) -> Place {
        self.places[id.0].unwrap_or(Place::Image)
    }
}
