//! Truncation: the weights of a network cut down to a narrower one.

use search_space::{
    ChannelGroup, ChannelMapping, Graph, Node, NodeId, NodeWeights, Op, Weights, channel_groups,
};

use crate::error::TrainingError;

/// Truncates the weights of `wide` to `narrow`, the same network with some of its widths reduced.
/// Of every channel group, the channels are kept whose filters have the greatest squared L2 norm,
/// summed over all convolutions and linear layers that produce the group, and they keep their order
/// (NetAdapt, section 3.3). Batch norms, squeeze-and-excite and the layers that read the group
/// follow. With equal widths nothing changes. Weights are only removed: the random initialisation
/// of missing weights in the paper has no counterpart here.
///
/// # Errors
/// [`TrainingError::OtherNetwork`]: graphs with different nodes, wider groups, or widths to which the
/// channels of a grouped convolution cannot be cut; weights of another network.
pub fn truncate(wide: &Graph, narrow: &Graph, weights: &Weights) -> Result<Weights, TrainingError> {
    let same_op = |(a, b): (&Node, &Node)| a.name == b.name && a.inputs == b.inputs;
    let is_same = wide.nodes.len() == narrow.nodes.len()
        && weights.nodes.len() == wide.nodes.len()
        && wide.nodes.iter().zip(&narrow.nodes).all(same_op);
    if !is_same {
        return Err(TrainingError::OtherNetwork);
    }
    // For each node and each of its channels in the narrow network, the channel in the wide one.
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); wide.nodes.len()];
    for group in channel_groups(wide) {
        let width = narrow.node(group.nodes[0]).output.channels;
        let old = ChannelMapping::new(wide, &group, group.width);
        let new = ChannelMapping::new(narrow, &group, width);
        let kept = match width == group.width {
            true => Some((0..width).collect()),
            false => old.kept(&new, &norms(wide, &group, &old, weights)),
        };
        let kept = kept.ok_or(TrainingError::OtherNetwork)?;
        for &node in &group.nodes {
            let (Some(old), Some(new)) = (old.at(node), new.at(node)) else { continue };
            let of_node = &mut from[node.0];
            of_node.resize(width, 0);
            kept.iter().zip(new).for_each(|(&channel, &place)| of_node[place] = old[channel]);
        }
    }
    let nodes = (0..wide.nodes.len()).map(|index| cut(wide, narrow, NodeId(index), &from, weights));
    Ok(Weights { nodes: nodes.collect::<Result<_, _>>()? })
}

/// Squared norms of the filters that produce the channels, in the order of the group's first node.
fn norms(
    graph: &Graph,
    group: &ChannelGroup,
    mapping: &ChannelMapping,
    weights: &Weights,
) -> Vec<f64> {
    let mut norms = vec![0.0; group.width];
    for &id in &group.nodes {
        let node = graph.node(id);
        // The convolution of a squeeze-and-excite gate produces factors for channels, not channels.
        if !graph.makes_channels(node) || node.name.ends_with("se.expand") {
            continue;
        }
        let (NodeWeights::Filter { weight, .. }, Some(places)) =
            (&weights.nodes[id.0], mapping.at(id))
        else {
            continue;
        };
        let each = weight.len() / group.width;
        for (norm, &place) in norms.iter_mut().zip(places) {
            let filter = &weight[place * each..(place + 1) * each];
            *norm += filter.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>();
        }
    }
    norms
}

fn cut(
    wide: &Graph,
    narrow: &Graph,
    id: NodeId,
    from: &[Vec<usize>],
    weights: &Weights,
) -> Result<NodeWeights, TrainingError> {
    let node = wide.node(id);
    let rows = &from[id.0];
    let of_channels = |values: &[f32]| -> Vec<f32> {
        rows.iter().filter_map(|&row| values.get(row).copied()).collect()
    };
    Ok(match &weights.nodes[id.0] {
        NodeWeights::None => NodeWeights::None,
        NodeWeights::Norm { gamma, beta, mean, var } => NodeWeights::Norm {
            gamma: of_channels(gamma),
            beta: of_channels(beta),
            mean: of_channels(mean),
            var: of_channels(var),
        },
        NodeWeights::Filter { weight, bias } => {
            let inputs = node.inputs.first().map_or(&[][..], |input| &from[input.0]);
            let (kernel, groups) = shape(node);
            let (_, narrow_groups) = shape(narrow.node(id));
            // Input channels that a filter reads, before and after.
            let wide_in = wide.input_shape(node).channels / groups;
            let narrow_in = inputs.len() / narrow_groups;
            let mut values = Vec::with_capacity(rows.len() * narrow_in * kernel);
            for (new_row, &row) in rows.iter().enumerate() {
                let first = new_row * narrow_groups / rows.len() * narrow_in;
                for input in 0..narrow_in {
                    let column = inputs[first + input] % wide_in;
                    let at = (row * wide_in + column) * kernel;
                    let taps = weight.get(at..at + kernel).ok_or(TrainingError::OtherNetwork)?;
                    values.extend_from_slice(taps);
                }
            }
            NodeWeights::Filter { weight: values, bias: of_channels(bias) }
        }
    })
}

/// The number of taps of a kernel, and the number of groups.
fn shape(node: &Node) -> (usize, usize) {
    match node.op {
        Op::Conv { kernel, groups, .. } => (kernel * kernel, groups),
        _ => (1, 1),
    }
}
