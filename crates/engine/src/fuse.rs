//! Which nodes one step computes: a convolution with the batch norm, residual sum and activation
//! that follow it.

use kernels::Activation;
use search_space::{Gate, Graph, NodeId, Op};

/// A convolution or linear layer and what its epilogue takes up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fused {
    /// Folded batch norm.
    pub(crate) norm: Option<NodeId>,
    /// Added before the activation.
    pub(crate) residual: Option<NodeId>,
    pub(crate) act: Activation,
    /// The nodes that the step computes, in order.
    pub(crate) nodes: Vec<NodeId>,
}

impl Fused {
    /// The node whose output is the step's.
    pub(crate) fn last(&self) -> NodeId {
        self.nodes[self.nodes.len() - 1]
    }
}

/// The kernels' name of an activation or gate; `None` for all other ops.
pub(crate) fn activation(op: &Op) -> Option<Activation> {
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

/// For each node the nodes that read it.
pub(crate) fn readers(graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut readers = vec![Vec::new(); graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| readers[input.0].push(NodeId(index)));
    }
    readers
}

/// What follows the convolution or linear layer at `start` and can be computed with it. Each link
/// has one reader only. `residuals` says which sums the kernel can add.
pub(crate) fn fuse(
    graph: &Graph,
    readers: &[Vec<NodeId>],
    start: NodeId,
    residuals: Residuals,
) -> Fused {
    let act = Activation::Linear;
    let mut fused = Fused { norm: None, residual: None, act, nodes: vec![start] };
    let mut last = start;
    while let [next] = readers[last.0][..] {
        let node = graph.node(next);
        match (&node.op, fused.act) {
            (Op::BatchNorm, Activation::Linear)
                if fused.norm.is_none() && fused.residual.is_none() =>
            {
                fused.norm = Some(next);
            }
            (Op::Add, Activation::Linear) if fused.residual.is_none() => {
                let other = node.inputs.iter().find(|&&input| input != last);
                match (other, residuals) {
                    (Some(&other), Residuals::Before(step)) if other < step => {
                        fused.residual = Some(other);
                    }
                    _ => break,
                }
            }
            (op, Activation::Linear) => match activation(op) {
                Some(act) => fused.act = act,
                None => break,
            },
            _ => break,
        }
        fused.nodes.push(next);
        last = next;
    }
    fused
}

/// Which residuals a kernel's epilogue can add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residuals {
    /// Those computed before the step that starts with this node.
    Before(NodeId),
    /// None.
    None,
}
