//! The ONNX nodes and tensors of each op.

use search_space::{Activation, Gate, Graph, Invalid, Node, NodeId, NormTensors, Op, Weights};

use crate::builder::{Value, float, integer, integers};
use crate::opset::Opset;
use crate::proto::{AttributeProto, GraphProto};

/// Gives all nodes and tensors. `norm_after` has the batch norm to fold into each convolution.
pub(crate) fn nodes(
    graph: &Graph,
    weights: &Weights,
    norm_after: Vec<Option<NodeId>>,
    opset: Opset,
) -> Result<GraphProto, Invalid> {
    let (values, onnx) = (Vec::new(), GraphProto::default());
    let mut writer = Writer { graph, weights, norm_after, opset, values, onnx };
    for id in (0..graph.nodes.len()).map(NodeId) {
        let value = writer.node(id)?;
        writer.values.push(value);
    }
    Ok(writer.onnx)
}

struct Writer<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    norm_after: Vec<Option<NodeId>>,
    opset: Opset,
    /// The output of each node written so far.
    values: Vec<Value>,
    onnx: GraphProto,
}

impl Writer<'_> {
    /// Writes one node and returns its output.
    fn node(&mut self, id: NodeId) -> Result<Value, Invalid> {
        let graph = self.graph;
        let node = graph.node(id);
        let is_last = id.0 + 1 == graph.nodes.len();
        let name = if is_last { "logits" } else { node.name.as_str() };
        let values: Vec<Value> = node.inputs.iter().map(|id| self.values[id.0].clone()).collect();
        let (op_type, inputs, attributes) = match node.op {
            Op::Input => return Ok(node.name.clone()),
            // At inference, these are the identity.
            Op::Dropout { .. } | Op::Act(Activation::Linear) => return Ok(values[0].clone()),
            Op::BatchNorm if self.norm_after[node.inputs[0].0] == Some(id) => {
                return Ok(values[0].clone());
            }
            Op::BatchNorm => {
                let inputs = [values, self.norm(id)?].concat();
                ("BatchNormalization", inputs, vec![float("epsilon", graph.norm.eps)])
            }
            Op::Conv { kernel, stride, groups, .. } => {
                let fan_in = [graph.input_shape(node).channels / groups, kernel, kernel];
                let inputs = [values, self.filter(id, &fan_in)?].concat();
                ("Conv", inputs, [window(kernel, stride), vec![integer("group", groups)]].concat())
            }
            Op::Linear { .. } => {
                let input = self.vector(id, &values[0]);
                let filter = self.filter(id, &[graph.input_shape(node).channels])?;
                ("Gemm", [vec![input], filter].concat(), vec![integer("transB", 1)])
            }
            Op::Act(Activation::Relu) => ("Relu", values, vec![]),
            Op::Act(Activation::Relu6) => ("Clip", [values, self.relu6_bounds()].concat(), vec![]),
            Op::Act(Activation::HardSwish) if self.opset.has_hard_swish() => {
                ("HardSwish", values, vec![])
            }
            Op::Act(Activation::HardSwish) => {
                let gate = format!("{name}.hard_sigmoid");
                let gate = self.onnx.op("HardSigmoid", &gate, values.clone(), hard_sigmoid());
                ("Mul", [values, vec![gate]].concat(), vec![])
            }
            Op::Act(Activation::Swish) => {
                let sigmoid = format!("{name}.sigmoid");
                let sigmoid = self.onnx.op("Sigmoid", &sigmoid, values.clone(), vec![]);
                ("Mul", [values, vec![sigmoid]].concat(), vec![])
            }
            Op::Gate(Gate::Sigmoid) => ("Sigmoid", values, vec![]),
            Op::Gate(Gate::HardSigmoid) => ("HardSigmoid", values, hard_sigmoid()),
            Op::MaxPool { kernel, stride } => ("MaxPool", values, window(kernel, stride)),
            Op::AvgPool { kernel, stride } => {
                let counts_padding = vec![integer("count_include_pad", 1)];
                ("AveragePool", values, [window(kernel, stride), counts_padding].concat())
            }
            Op::GlobalAvgPool => ("GlobalAveragePool", values, vec![]),
            Op::Add => ("Add", values, vec![]),
            // The vector is [batch, channels, 1, 1].
            Op::Multiply => ("Mul", values, vec![]),
            Op::Concat => ("Concat", values, vec![integer("axis", 1)]),
            Op::Split { start } => ("Slice", [values, self.range(node, start)].concat(), vec![]),
            Op::ChannelShuffle { groups } => {
                ("Reshape", self.transposed(node, groups, values), vec![])
            }
        };
        Ok(self.onnx.op(op_type, name, inputs, attributes))
    }

    /// Writes the weight, `[out, fan_in...]`, of a convolution or linear layer, and its bias if it has
    /// one.
    fn filter(&mut self, id: NodeId, fan_in: &[usize]) -> Result<Vec<Value>, Invalid> {
        let (node, norm) = (self.graph.node(id), self.norm_after[id.0]);
        let filter = self.weights.folded(self.graph, id, norm)?;
        let dims = [&[node.output.channels], fan_in].concat();
        let weight = format!("{}.weight", node.name);
        let mut tensors = vec![self.onnx.floats(weight, &dims, &filter.weight)];
        let biased = matches!(node.op, Op::Conv { bias: true, .. } | Op::Linear { bias: true });
        if biased || norm.is_some() {
            let bias = format!("{}.bias", node.name);
            tensors.push(self.onnx.floats(bias, &dims[..1], &filter.bias));
        }
        Ok(tensors)
    }

    /// Writes the scale, the shift and the statistics of a batch norm.
    fn norm(&mut self, id: NodeId) -> Result<Vec<Value>, Invalid> {
        let NormTensors { gamma, beta, mean, var } = self.weights.norm(self.graph, id)?;
        let node = self.graph.node(id);
        let parts =
            [("weight", gamma), ("bias", beta), ("running_mean", mean), ("running_var", var)];
        let tensors = parts.map(|(part, values)| {
            self.onnx.floats(format!("{}.{part}", node.name), &[values.len()], values)
        });
        Ok(tensors.to_vec())
    }

    /// Gives the input of the linear layer `id` as `[batch, channels]`.
    fn vector(&mut self, id: NodeId, input: &str) -> Value {
        let mut from = self.graph.node(id).inputs[0];
        while let Op::Act(_) | Op::Dropout { .. } = self.graph.node(from).op {
            from = self.graph.node(from).inputs[0];
        }
        match self.graph.node(from).op {
            Op::Linear { .. } => input.to_owned(),
            _ => {
                let name = format!("{}.flatten", self.graph.node(id).name);
                self.onnx.op("Flatten", &name, vec![input.to_owned()], vec![integer("axis", 1)])
            }
        }
    }

    /// Gives the scalars 0 and 6, which are written once in a file.
    fn relu6_bounds(&mut self) -> Vec<Value> {
        let bounds = [("relu6.min", 0.0), ("relu6.max", 6.0)];
        if self.onnx.initializer.iter().all(|tensor| tensor.name != bounds[0].0) {
            for (name, bound) in bounds {
                self.onnx.floats(name.to_owned(), &[], &[bound]);
            }
        }
        bounds.map(|(name, _)| name.to_owned()).to_vec()
    }

    /// Writes the first channel, the end and the axis of a slice that has as many channels as the output.
    fn range(&mut self, node: &Node, start: usize) -> Vec<Value> {
        let end = start + node.output.channels;
        let parts = [("starts", start), ("ends", end), ("axes", 1)];
        let name = |part| format!("{}.{part}", node.name);
        parts.map(|(part, value)| self.onnx.integers(name(part), &[value])).to_vec()
    }

    /// Gives the map as `[batch, channels / groups, groups, height, width]`, and the shape to flatten
    /// it to. A 0 in a shape keeps the batch.
    fn transposed(&mut self, node: &Node, groups: usize, input: Vec<Value>) -> Vec<Value> {
        let (channels, side) = (node.output.channels, node.output.resolution);
        let name = |part: &str| format!("{}.{part}", node.name);
        let grouped = [0, groups, channels / groups, side, side];
        let grouped = self.onnx.integers(name("grouped_shape"), &grouped);
        let inputs = [input, vec![grouped]].concat();
        let view = self.onnx.op("Reshape", &name("grouped"), inputs, vec![]);
        let perm = vec![integers("perm", &[0, 2, 1, 3, 4])];
        let transposed = self.onnx.op("Transpose", &name("transposed"), vec![view], perm);
        let flat = self.onnx.integers(name("shape"), &[0, channels, side, side]);
        vec![transposed, flat]
    }
}

/// The attributes of PyTorch's hard sigmoid, min(max(x / 6 + 1 / 2, 0), 1).
fn hard_sigmoid() -> Vec<AttributeProto> {
    vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)]
}

/// The attributes of convolutions and pools: the padding is `kernel / 2` on all sides.
fn window(kernel: usize, stride: usize) -> Vec<AttributeProto> {
    vec![
        integers("kernel_shape", &[kernel; 2]),
        integers("strides", &[stride; 2]),
        integers("pads", &[kernel / 2; 4]),
    ]
}
