//! A graph as a list of units, each of which is computed by one op of [`crate::ops`].

use candle_core::Var;
use kernels::Activation;
use search_space::{Graph, Node, NodeId, Op};

use crate::model::NamedVar;
use crate::ops::{Conv2d, Pool2d};

/// One to three nodes of a graph.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) op: UnitOp,
    /// Indices of the units whose outputs it reads.
    pub(crate) inputs: Vec<usize>,
    /// Index of the last unit that reads its output.
    pub(crate) last_reader: usize,
}

#[derive(Debug)]
pub(crate) enum UnitOp {
    Input,
    /// A convolution, or a linear layer as a pointwise one.
    Conv {
        conv: Conv2d,
        weight: Var,
        bias: Option<Var>,
        norm: Option<NormAct>,
    },
    Norm(NormAct),
    Act(Activation),
    MaxPool(Pool2d),
    AvgPool(Pool2d),
    GlobalAvgPool,
    Add,
    Multiply,
    Concat,
    Split {
        start: usize,
        channels: usize,
    },
    Shuffle {
        groups: usize,
    },
    Dropout {
        p: f32,
        place: u64,
    },
}

/// A batch norm and the activation that follows it.
#[derive(Clone, Debug)]
pub(crate) struct NormAct {
    pub(crate) weight: Var,
    pub(crate) bias: Var,
    pub(crate) running_mean: Var,
    pub(crate) running_var: Var,
    pub(crate) act: Activation,
}

/// The units of `graph`, whose variables are `state` in the order of [`crate::tensor_specs`].
///
/// A batch norm is fused with the convolution before it, and an activation with the batch norm
/// before it, unless another node reads the tensor between them.
pub(crate) fn units(graph: &Graph, state: &[NamedVar]) -> Vec<Unit> {
    let mut readers = vec![0; graph.nodes.len()];
    graph.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| readers[input.0] += 1);
    let mut state = state.iter().map(|named| named.var.clone());
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of: Vec<usize> = Vec::with_capacity(graph.nodes.len());
    let mut joined_activations = 0;
    for (index, node) in graph.nodes.iter().enumerate() {
        let op = unit_op(node, (index - joined_activations) as u64, &mut state);
        let only_reader_of = match node.inputs[..] {
            [NodeId(input)] if readers[input] == 1 => Some(unit_of[input]),
            _ => None,
        };
        match (only_reader_of.map(|unit| &mut units[unit].op), op) {
            (Some(UnitOp::Conv { bias: None, norm: norm @ None, .. }), UnitOp::Norm(new)) => {
                *norm = Some(new);
            }
            (
                Some(
                    UnitOp::Norm(NormAct { act: act @ Activation::Linear, .. })
                    | UnitOp::Conv {
                        norm: Some(NormAct { act: act @ Activation::Linear, .. }), ..
                    },
                ),
                UnitOp::Act(new),
            ) => {
                *act = new;
                joined_activations += 1;
            }
            (_, op) => {
                let inputs: Vec<usize> = node.inputs.iter().map(|id| unit_of[id.0]).collect();
                let last_reader = units.len();
                inputs.iter().for_each(|&input| units[input].last_reader = last_reader);
                units.push(Unit { op, inputs, last_reader });
                unit_of.push(last_reader);
                continue;
            }
        }
        unit_of.push(only_reader_of.unwrap_or_default());
    }
    units
}

/// `place` makes the masks of a network's dropouts differ.
fn unit_op(node: &Node, place: u64, state: &mut dyn Iterator<Item = Var>) -> UnitOp {
    let mut next = || state.next().expect("a graph has the variables that its specs name");
    match node.op {
        Op::Input => UnitOp::Input,
        Op::Conv { stride, groups, bias, .. } => {
            let (weight, bias) = (next(), bias.then(&mut next));
            UnitOp::Conv { conv: Conv2d { stride, groups }, weight, bias, norm: None }
        }
        Op::Linear { bias } => {
            let (weight, bias) = (next(), bias.then(&mut next));
            UnitOp::Conv { conv: Conv2d { stride: 1, groups: 1 }, weight, bias, norm: None }
        }
        Op::BatchNorm => {
            let [weight, bias, running_mean, running_var] = std::array::from_fn(|_| next());
            let act = Activation::Linear;
            UnitOp::Norm(NormAct { weight, bias, running_mean, running_var, act })
        }
        Op::Act(act) => UnitOp::Act(act.into()),
        Op::Gate(gate) => UnitOp::Act(gate.into()),
        Op::MaxPool { kernel, stride } => UnitOp::MaxPool(Pool2d { kernel, stride }),
        Op::AvgPool { kernel, stride } => UnitOp::AvgPool(Pool2d { kernel, stride }),
        Op::GlobalAvgPool => UnitOp::GlobalAvgPool,
        Op::Add => UnitOp::Add,
        Op::Multiply => UnitOp::Multiply,
        Op::Concat => UnitOp::Concat,
        Op::Split { start } => UnitOp::Split { start, channels: node.output.channels },
        Op::ChannelShuffle { groups } => UnitOp::Shuffle { groups },
        Op::Dropout { p } => UnitOp::Dropout { p, place },
    }
}
