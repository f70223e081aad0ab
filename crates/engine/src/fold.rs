//! Batch norm folded into the convolution before it.

use search_space::{Graph, Node, NodeId};

use crate::error::EngineError;
use crate::weights::{NodeWeights, Weights};

/// Weights in PyTorch's layout and a bias for each output channel.
pub(crate) struct Filter {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// The filter of `id` with batch norm `norm`: weight x gamma / sqrt(var + eps), and
/// (bias - mean) x gamma / sqrt(var + eps) + beta.
pub(crate) fn folded(
    graph: &Graph,
    weights: &Weights,
    id: NodeId,
    norm: Option<NodeId>,
) -> Result<Filter, EngineError> {
    let node = graph.node(id);
    let channels = node.output.channels;
    let cost = graph.layer_cost(node);
    let Some(NodeWeights::Filter { weight, bias }) = weights.nodes.get(id.0) else {
        return Err(wrong(node, "no filter".to_owned(), "a filter".to_owned()));
    };
    if weight.len() + bias.len() != cost.params {
        let found = format!("{} weights and {} biases", weight.len(), bias.len());
        return Err(wrong(node, found, format!("{} numbers", cost.params)));
    }
    let bias = if bias.is_empty() { vec![0.0; channels] } else { bias.clone() };
    let mut filter = Filter { weight: weight.clone(), bias };
    let Some(norm) = norm else { return Ok(filter) };
    let norm_node = graph.node(norm);
    let Some(NodeWeights::Norm { gamma, beta, mean, var }) = weights.nodes.get(norm.0) else {
        return Err(wrong(norm_node, "no batch norm".to_owned(), "a batch norm".to_owned()));
    };
    for part in [gamma, beta, mean, var] {
        if part.len() != channels {
            return Err(wrong(norm_node, part.len().to_string(), format!("{channels} channels")));
        }
    }
    let fan_in = filter.weight.len() / channels;
    for (channel, row) in filter.weight.chunks_exact_mut(fan_in).enumerate() {
        let scale = gamma[channel] / (var[channel] + graph.norm.eps).sqrt();
        row.iter_mut().for_each(|weight| *weight *= scale);
        let bias = &mut filter.bias[channel];
        *bias = (*bias - mean[channel]) * scale + beta[channel];
    }
    Ok(filter)
}

fn wrong(node: &Node, found: String, allowed: String) -> EngineError {
    EngineError::Weights { node: node.name.clone(), found, allowed }
}
