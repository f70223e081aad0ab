//! Which nodes one operation computes: a convolution with the batch norm, the residual sum and the
//! activation that follow it.

use kernels::Activation;
use search_space::{Graph, NodeId, Op};

/// A convolution or linear layer, and the nodes that are computed with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fused {
    /// The batch norm that is folded into the weights.
    pub(crate) norm: Option<NodeId>,
    /// What is added before the activation.
    pub(crate) residual: Option<NodeId>,
    pub(crate) act: Activation,
    /// The nodes that the operation computes, in order.
    pub(crate) nodes: Vec<NodeId>,
}

impl Fused {
    /// The convolution or linear layer.
    pub(crate) fn first(&self) -> NodeId {
        self.nodes[0]
    }

    /// The node whose output is that of the operation.
    pub(crate) fn last(&self) -> NodeId {
        self.nodes[self.nodes.len() - 1]
    }
}

/// An activation or gate as the kernels name it; `None` for all other ops.
pub(crate) fn activation(op: &Op) -> Option<Activation> {
    match *op {
        Op::Act(act) => Some(act.into()),
        Op::Gate(gate) => Some(gate.into()),
        _ => None,
    }
}

/// For each node, the nodes that read it.
pub(crate) fn readers(graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut readers = vec![Vec::new(); graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| readers[input.0].push(NodeId(index)));
    }
    readers
}

/// Follows the nodes after the convolution or linear layer at `start` as long as they can be computed
/// with it: each is the only reader of the one before. `residuals` says which sums the kernel can add.
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
                    (Some(&other), Residuals::Before(first)) if other < first => {
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

/// Which residuals a kernel can add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residuals {
    /// Those that are computed before the operation that starts with this node.
    Before(NodeId),
    /// No residuals.
    None,
}
