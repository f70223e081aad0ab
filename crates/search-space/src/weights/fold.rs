//! Tensors that fit their nodes; batch norm folded into the convolution before it.

use std::borrow::Cow;

use crate::error::Invalid;
use crate::graph::{Graph, NodeId};
use crate::weights::{NodeWeights, Weights};

/// Weights in PyTorch's layout and a bias for each output channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter<'a> {
    /// Convolution `[out, in / groups, kernel, kernel]` or linear layer `[out, in]`.
    pub weight: Cow<'a, [f32]>,
    /// `[out]`; zeros where neither the op nor a folded batch norm has one.
    pub bias: Vec<f32>,
}

/// The tensors of a batch norm, each `[channels]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormTensors<'a> {
    /// Scale.
    pub gamma: &'a [f32],
    /// Shift.
    pub beta: &'a [f32],
    /// Running mean.
    pub mean: &'a [f32],
    /// Running variance.
    pub var: &'a [f32],
}

impl Weights {
    /// The filter of the convolution or linear layer `id`.
    ///
    /// # Errors
    /// Tensors of another kind or size than the node needs.
    pub fn filter(&self, graph: &Graph, id: NodeId) -> Result<Filter<'_>, Invalid> {
        let node = graph.node(id);
        let params = graph.layer_cost(node).params;
        let Some(NodeWeights::Filter { weight, bias }) = self.nodes.get(id.0) else {
            return Err(Invalid::new(&node.name, "no filter", "a filter"));
        };
        if weight.len() + bias.len() != params || ![0, node.output.channels].contains(&bias.len()) {
            let found = format!("{} weights and {} biases", weight.len(), bias.len());
            return Err(Invalid::new(&node.name, found, format!("{params} numbers")));
        }
        let zeros = || vec![0.0; node.output.channels];
        let bias = if bias.is_empty() { zeros() } else { bias.clone() };
        Ok(Filter { weight: Cow::Borrowed(weight), bias })
    }

    /// The tensors of the batch norm `id`.
    ///
    /// # Errors
    /// Tensors of another kind or size than the node needs.
    pub fn norm(&self, graph: &Graph, id: NodeId) -> Result<NormTensors<'_>, Invalid> {
        let node = graph.node(id);
        let channels = node.output.channels;
        let Some(NodeWeights::Norm { gamma, beta, mean, var }) = self.nodes.get(id.0) else {
            return Err(Invalid::new(&node.name, "no batch norm", "a batch norm"));
        };
        for part in [gamma, beta, mean, var] {
            if part.len() != channels {
                return Err(Invalid::new(&node.name, part.len(), format!("{channels} channels")));
            }
        }
        Ok(NormTensors { gamma, beta, mean, var })
    }

    /// The filter of `id` with the batch norm `norm` after it folded in: weight x gamma /
    /// sqrt(var + eps), and (bias - mean) x gamma / sqrt(var + eps) + beta.
    ///
    /// # Errors
    /// Tensors of another kind or size than the nodes need.
    pub fn folded(
        &self,
        graph: &Graph,
        id: NodeId,
        norm: Option<NodeId>,
    ) -> Result<Filter<'_>, Invalid> {
        let mut filter = self.filter(graph, id)?;
        let Some(norm) = norm else { return Ok(filter) };
        let NormTensors { gamma, beta, mean, var } = self.norm(graph, norm)?;
        let fan_in = filter.weight.len() / filter.bias.len();
        let rows = filter.weight.to_mut().chunks_exact_mut(fan_in).zip(&mut filter.bias);
        for (channel, (row, bias)) in rows.enumerate() {
            let scale = gamma[channel] / (var[channel] + graph.norm.eps).sqrt();
            row.iter_mut().for_each(|weight| *weight *= scale);
            *bias = (*bias - mean[channel]) * scale + beta[channel];
        }
        Ok(filter)
    }
}
