//! A graph as layers: what one forward and one backward function computes.

use kernels::training::ConvShape;
use kernels::{Activation, Geometry};
use search_space::{Gate, Graph, Node, NodeId, Op};

use crate::model::{Decay, Model, Parameter, RunningStatistics};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Input,
    /// Also a linear layer, on a 1x1 map.
    Conv(ConvShape, Bias),
    Depthwise(Geometry),
    /// Batch norm and the activation that follows it; the index is that of its statistics.
    NormAct(Activation, usize),
    Act(Activation),
    MaxPool(Geometry),
    AvgPool(Geometry),
    GlobalAvgPool,
    Add,
    Multiply,
    Concat,
    Split(usize),
    Shuffle(usize),
    Dropout(f32),
}

/// Whether a convolution has a bias, which is the parameter after its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bias {
    Learned,
    None,
}

/// One or two nodes of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) kind: Kind,
    /// Layers whose outputs it reads.
    pub(crate) inputs: Vec<usize>,
    pub(crate) channels: usize,
    /// Numbers of one image's output.
    pub(crate) elements: usize,
    /// Its first parameter.
    pub(crate) parameter: usize,
    pub(crate) last_reader: usize,
    /// Whether a backward function reads its output.
    pub(crate) saved: bool,
}

/// A network as the trainer runs it.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) layers: Vec<Layer>,
    /// With zeros for all weights.
    pub(crate) model: Model,
}

impl Layers {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut layers = Self { layers: vec![], model: Model::default() };
        let mut layer_of: Vec<usize> = Vec::with_capacity(graph.nodes.len());
        let mut readers = vec![0; graph.nodes.len()];
        for input in graph.nodes.iter().flat_map(|node| &node.inputs) {
            readers[input.0] += 1;
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            if let (Some(act), [NodeId(input)]) = (activation(&node.op), &node.inputs[..])
                && let norm = &mut layers.layers[layer_of[*input]].kind
                && let Kind::NormAct(of_norm @ Activation::Linear, _) = norm
                && readers[*input] == 1
            {
                *of_norm = act;
                layer_of.push(layer_of[*input]);
                continue;
            }
            let inputs: Vec<usize> = node.inputs.iter().map(|input| layer_of[input.0]).collect();
            layers.push(graph, index, node, inputs);
            layer_of.push(layers.layers.len() - 1);
        }
        layers.find_lifetimes();
        layers
    }

    fn push(&mut self, graph: &Graph, index: usize, node: &Node, inputs: Vec<usize>) {
        let parameter = self.model.parameters.len();
        let kind = self.kind(graph, index, node);
        self.layers.push(Layer {
            kind,
            inputs,
            channels: node.output.channels,
            elements: node.output.elements(),
            parameter,
            last_reader: 0,
            saved: false,
        });
    }

    /// Adds the node's parameters too.
    fn kind(&mut self, graph: &Graph, index: usize, node: &Node) -> Kind {
        let input = graph.input_shape(graph.node(NodeId(index)));
        let (resolution, out) = (input.resolution, node.output.channels);
        let geometry =
            |kernel, stride| Geometry { height: resolution, width: resolution, kernel, stride };
        match node.op {
            Op::Input => Kind::Input,
            Op::Conv { kernel, stride, groups, bias } => {
                let geometry = geometry(kernel, stride);
                let shape = vec![out, input.channels / groups, kernel, kernel];
                self.parameter(node, "weight", shape, Decay::Applies, 0.0);
                let bias = self.bias(node, bias, out);
                if groups > 1 && groups == input.channels && groups == out && bias == Bias::None {
                    return Kind::Depthwise(geometry);
                }
                let in_channels = input.channels;
                Kind::Conv(ConvShape { geometry, in_channels, out_channels: out, groups }, bias)
            }
            Op::Linear { bias } => {
                self.parameter(node, "weight", vec![out, input.channels], Decay::Applies, 0.0);
                let geometry = Geometry { height: 1, width: 1, kernel: 1, stride: 1 };
                let in_channels = input.channels;
                let shape = ConvShape { geometry, in_channels, out_channels: out, groups: 1 };
                Kind::Conv(shape, self.bias(node, bias, out))
            }
            Op::BatchNorm => {
                self.parameter(node, "weight", vec![out], Decay::None, 1.0);
                self.parameter(node, "bias", vec![out], Decay::None, 0.0);
                self.model.statistics.push(RunningStatistics {
                    name: node.name.clone(),
                    mean: vec![0.0; out],
                    var: vec![1.0; out],
                });
                Kind::NormAct(Activation::Linear, self.model.statistics.len() - 1)
            }
            Op::Act(_) | Op::Gate(_) => {
                Kind::Act(activation(&node.op).unwrap_or(Activation::Linear))
            }
            Op::MaxPool { kernel, stride } => Kind::MaxPool(geometry(kernel, stride)),
            Op::AvgPool { kernel, stride } => Kind::AvgPool(geometry(kernel, stride)),
            Op::GlobalAvgPool => Kind::GlobalAvgPool,
            Op::Add => Kind::Add,
            Op::Multiply => Kind::Multiply,
            Op::Concat => Kind::Concat,
            Op::Split { start } => Kind::Split(start),
            Op::ChannelShuffle { groups } => Kind::Shuffle(groups),
            Op::Dropout { p } => Kind::Dropout(p),
        }
    }

    fn bias(&mut self, node: &Node, bias: bool, out: usize) -> Bias {
        if bias {
            self.parameter(node, "bias", vec![out], Decay::None, 0.0);
            Bias::Learned
        } else {
            Bias::None
        }
    }

    fn parameter(&mut self, node: &Node, leaf: &str, shape: Vec<usize>, decay: Decay, first: f32) {
        let name = format!("{}.{leaf}", node.name);
        let values = vec![first; shape.iter().product()];
        self.model.parameters.push(Parameter { name, shape, values, decay });
    }

    fn find_lifetimes(&mut self) {
        for index in 0..self.layers.len() {
            let reads = matches!(
                self.layers[index].kind,
                Kind::Conv(..)
                    | Kind::Depthwise(_)
                    | Kind::NormAct(..)
                    | Kind::Act(_)
                    | Kind::MaxPool(_)
                    | Kind::Multiply
            );
            for input in self.layers[index].inputs.clone() {
                self.layers[input].last_reader = index;
                self.layers[input].saved |= reads;
            }
        }
    }
}

/// The kernels' name of an activation or gate; `None` for all other ops.
fn activation(op: &Op) -> Option<Activation> {
    use search_space::Activation as Act;
    Some(match op {
        Op::Act(Act::Linear) => Activation::Linear,
        Op::Act(Act::Relu) => Activation::Relu,
        Op::Act(Act::Relu6) => Activation::Relu6,
        Op::Act(Act::HardSwish) => Activation::HardSwish,
        Op::Act(Act::Swish) => Activation::Swish,
        Op::Gate(Gate::Sigmoid) => Activation::Sigmoid,
        Op::Gate(Gate::HardSigmoid) => Activation::HardSigmoid,
        _ => return None,
    })
}
