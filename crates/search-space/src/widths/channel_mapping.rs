//! Channel mappings: which channels of a group may take each other's place. They may if they are in
//! the same group of every grouped convolution on the axis, also across shuffles.

use std::collections::{BTreeMap, HashMap};

use crate::graph::channel_groups::ChannelGroup;
use crate::graph::{Graph, NodeId, Op};

/// The channels of a channel group, indexed as at the first node of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMapping {
    /// For each node of the group, the position of each channel at that node.
    places: BTreeMap<NodeId, Vec<usize>>,
    /// For each channel, its group in every grouped convolution that writes or reads the axis.
    convolution_groups: Vec<Vec<usize>>,
}

impl ChannelMapping {
    /// Maps the channels of `group` as if its width were `width`. No other path joins the group
    /// after a shuffle: the output of a shuffle is read by a depthwise convolution or fixed by a
    /// concat.
    pub fn new(graph: &Graph, group: &ChannelGroup, width: usize) -> Self {
        let mut places: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        let mut convolution_groups = vec![Vec::new(); width];
        let mut note = |places: &[usize], groups: usize| {
            for (of_channel, place) in convolution_groups.iter_mut().zip(places) {
                of_channel.push(place * groups / width);
            }
        };
        for &id in &group.nodes {
            let node = graph.node(id);
            let before = match graph.makes_channels(node) {
                true => None,
                false => node.inputs.iter().find_map(|input| places.get(input)),
            };
            let here: Vec<usize> = match (node.op, before) {
                (Op::ChannelShuffle { groups }, Some(before)) => {
                    before.iter().map(|&place| shuffled(place, groups, width)).collect()
                }
                (_, Some(before)) => before.clone(),
                (_, None) => (0..width).collect(),
            };
            if let Some(groups) = grouped(graph, id) {
                note(&here, groups);
            }
            places.insert(id, here);
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            let input = node.inputs.first().and_then(|input| places.get(input));
            if let (Some(input), Some(groups)) = (input, grouped(graph, NodeId(index))) {
                note(input, groups);
            }
        }
        Self { places, convolution_groups }
    }

    /// The position of each channel at a node, or `None` if the node is not in the group.
    pub fn at(&self, node: NodeId) -> Option<&[usize]> {
        self.places.get(&node).map(Vec::as_slice)
    }

    /// For each channel of a narrower mapping, the channel of this one that takes its place. Among
    /// the channels in the same groups of all grouped convolutions, those with the largest `norms`
    /// are kept, in their order. `None` if there are too few such channels, so that no truncation
    /// is exact.
    pub fn kept(&self, narrower: &Self, norms: &[f64]) -> Option<Vec<usize>> {
        let mut wanted: HashMap<&[usize], Vec<usize>> = HashMap::new();
        for (channel, kind) in narrower.convolution_groups.iter().enumerate() {
            wanted.entry(kind).or_default().push(channel);
        }
        let mut kept = vec![0; narrower.convolution_groups.len()];
        for (kind, channels) in wanted {
            let of_kind = |channel: &usize| self.convolution_groups[*channel] == kind;
            let mut ranked: Vec<usize> = (0..norms.len()).filter(of_kind).collect();
            // The sort is stable: of equal norms, the first channels are kept.
            ranked.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
            let mut chosen = ranked.get(..channels.len())?.to_vec();
            chosen.sort_unstable();
            for (channel, from) in channels.into_iter().zip(chosen) {
                kept[channel] = from;
            }
        }
        Some(kept)
    }
}

/// The position of a channel after a shuffle, which views the channels as `[groups, width /
/// groups]` and transposes them.
fn shuffled(place: usize, groups: usize, width: usize) -> usize {
    let each = width / groups;
    place % each * groups + place / each
}

/// The number of groups of a grouped convolution that is not depthwise, otherwise `None`.
fn grouped(graph: &Graph, id: NodeId) -> Option<usize> {
    let node = graph.node(id);
    match node.op {
        Op::Conv { groups, .. } if groups > 1 && graph.makes_channels(node) => Some(groups),
        _ => None,
    }
}
