//! Parameters, multiply-adds, memory access and peak activation memory, counted on the graph.

use crate::graph::{Graph, Node, Op};

/// The costs of one op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LayerCost {
    /// Trainable parameters: weights, biases, and gamma and beta of batch norm.
    pub params: usize,
    /// Multiply-adds of a convolution or linear layer: output elements x (Cin/groups) x k^2. 0 for
    /// all other ops.
    pub macs: usize,
    /// Elements of the input, output and weights of a convolution or linear layer (ShuffleNetV2,
    /// section 2, G1: hw(c1 + c2) + c1 c2 for a pointwise convolution). Biases are not counted. 0
    /// for all other ops.
    pub memory_access_cost: usize,
}

/// The costs of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NetworkCost {
    /// Parameters of all ops.
    pub params: usize,
    /// Multiply-adds of all ops.
    pub macs: usize,
    /// Memory access cost of all ops, in elements.
    pub memory_access_cost: usize,
    /// Maximum size of the activations that are alive at the same time, in bytes: in f32, with
    /// batch size 1, ops in the order of the graph, and batch norms and activations in place.
    pub peak_activation_bytes: usize,
}

impl Graph {
    /// The costs of one op of this graph.
    pub fn layer_cost(&self, node: &Node) -> LayerCost {
        let (input, output) = (self.input_shape(node), node.output);
        let weighted = |weights: usize, macs: usize, bias: bool| LayerCost {
            params: weights + if bias { output.channels } else { 0 },
            macs,
            memory_access_cost: input.elements() + output.elements() + weights,
        };
        match node.op {
            Op::Conv { kernel, groups, bias, .. } => {
                let fan_in = kernel * kernel * input.channels / groups;
                weighted(fan_in * output.channels, fan_in * output.elements(), bias)
            }
            Op::Linear { bias } => {
                let weights = input.channels * output.channels;
                weighted(weights, weights, bias)
            }
            Op::BatchNorm => LayerCost { params: 2 * output.channels, ..LayerCost::default() },
            _ => LayerCost::default(),
        }
    }

    /// The costs of the whole network.
    pub fn cost(&self) -> NetworkCost {
        let mut total = NetworkCost {
            peak_activation_bytes: self.peak_activation_elements() * size_of::<f32>(),
            ..NetworkCost::default()
        };
        for cost in self.nodes.iter().map(|node| self.layer_cost(node)) {
            total.params += cost.params;
            total.macs += cost.macs;
            total.memory_access_cost += cost.memory_access_cost;
        }
        total
    }

    fn peak_activation_elements(&self) -> usize {
        let last_readers = self.last_readers();
        let mut live = vec![0; self.nodes.len()];
        let (mut now, mut peak) = (0, 0);
        for (index, node) in self.nodes.iter().enumerate() {
            let in_place = is_in_place(&node.op) && last_readers[node.inputs[0].0] == index;
            if in_place {
                live[index] = std::mem::take(&mut live[node.inputs[0].0]);
            } else {
                live[index] = node.output.elements();
                now += live[index];
                peak = peak.max(now);
            }
            for input in node.inputs.iter().filter(|input| last_readers[input.0] == index) {
                now -= std::mem::take(&mut live[input.0]);
            }
        }
        peak
    }
}

/// Batch norm and activations overwrite their input. Dropout does nothing at inference.
fn is_in_place(op: &Op) -> bool {
    matches!(op, Op::BatchNorm | Op::Act(_) | Op::Gate(_) | Op::Dropout { .. })
}
