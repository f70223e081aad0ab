//! Checked access to the tensors of a node, and folding of batch norm into the preceding
//! convolution.

use std::borrow::Cow;

use crate::error::Invalid;
use crate::graph::{Graph, NodeId};
use crate::weights::{NodeWeights, Weights};

/// The weights of a convolution or linear layer in PyTorch's layout, with a bias per output
/// channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter<'a> {
    /// `[out, in / groups, kernel, kernel]` of a convolution or `[out, in]` of a linear layer.
    pub weight: Cow<'a, [f32]>,
    /// `[out]`, zeros if neither the op nor a folded batch norm has a bias.
    pub bias: Vec<f32>,
}

/// The tensors of a batch norm, each of shape `[channels]`.
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
    /// Returns the filter of the convolution or linear layer `id`.
    ///
    /// # Errors
    /// The node has no such tensors, or they have the wrong size.
    pub fn filter(&self, graph: &Graph, id: NodeId) -> Result<Filter<'_>, Invalid> {
        let node = graph.node(id);
        let params = graph.layer_cost(node).params;
        let Some(NodeWeights::Filter { weight, bias }) = self.nodes.get(id.0) else {
            return Err(Invalid::new(&node.name, "no filter", "a filter"));
        };
        if weight.len() + bias.len() != params || ![0, node.output.channels].contains(&bias.len()) {
            let found = format!("{} weights and {} biases", weight.len(), bias.len());
            return Err(Invalid::new(&node.name, found, format!("{params} in all")));
        }
        let zeros = || vec![0.0; node.output.channels];
        let bias = if bias.is_empty() { zeros() } else { bias.clone() };
        Ok(Filter { weight: Cow::Borrowed(weight), bias })
    }

    /// Returns the tensors of the batch norm `id`.
    ///
    /// # Errors
    /// The node has no such tensors, or they have the wrong size.
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

    /// Returns the filter of `id` with the batch norm `norm`, if any, folded into it. The weight
    /// becomes weight x gamma / sqrt(var + eps), and the bias (bias - mean) x gamma / sqrt(var +
    /// eps) + beta.
    ///
    /// # Errors
    /// A node has no such tensors, or they have the wrong size.
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
