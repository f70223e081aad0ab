//! Channel axes that can only change together.

use crate::graph::{Graph, NodeId, Op};

/// How a group's width may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WidthConstraint {
    /// The width cannot change. This holds for the image, the logits, and every axis that passes
    /// through a concat or split, since no axis can be truncated exactly through ShuffleNetV2's
    /// shuffle.
    Fixed,
    /// The width must be a multiple of this: the least common multiple of 8 and every group count
    /// that divides the axis.
    MultipleOf(usize),
}

/// Node outputs whose channel axes are tied through residuals, depthwise convolutions,
/// squeeze-and-excite and shuffles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelGroup {
    /// Number of channels.
    pub width: usize,
    /// How the number of channels may change.
    pub constraint: WidthConstraint,
    /// The nodes whose output has this axis, in the order of the graph.
    pub nodes: Vec<NodeId>,
}

/// The channel groups of a graph, in the order of their first nodes.
pub fn channel_groups(graph: &Graph) -> Vec<ChannelGroup> {
    let mut axes = Axes::new(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let input = node.inputs.first().map(|id| id.0);
        match node.op {
            Op::Input => axes.fix(index),
            Op::Conv { groups, .. } => {
                let input = node.inputs[0].0;
                let channels = graph.nodes[input].output.channels;
                if groups > 1 && groups == channels && groups == node.output.channels {
                    axes.tie(input, index);
                } else {
                    axes.divide(input, groups);
                    axes.divide(index, groups);
                }
            }
            Op::Linear { .. } => {}
            Op::Split { .. } | Op::Concat => {
                axes.fix(index);
                node.inputs.iter().for_each(|id| axes.fix(id.0));
            }
            Op::ChannelShuffle { groups } => {
                axes.tie(node.inputs[0].0, index);
                axes.divide(index, groups);
            }
            Op::Add | Op::Multiply => node.inputs.iter().for_each(|id| axes.tie(id.0, index)),
            Op::BatchNorm
            | Op::Act(_)
            | Op::Gate(_)
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::Dropout { .. } => input.into_iter().for_each(|input| axes.tie(input, index)),
        }
    }
    axes.fix(graph.nodes.len() - 1);
    axes.groups(graph)
}

/// Disjoint sets of the nodes' output axes. The constraint of a set is stored at its root.
struct Axes {
    parent: Vec<usize>,
    constraints: Vec<WidthConstraint>,
}

impl Axes {
    fn new(nodes: usize) -> Self {
        Self {
            parent: (0..nodes).collect(),
            constraints: vec![WidthConstraint::MultipleOf(8); nodes],
        }
    }

    fn root(&self, mut axis: usize) -> usize {
        while self.parent[axis] != axis {
            axis = self.parent[axis];
        }
        axis
    }

    fn tie(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.constraints[a] = both(self.constraints[a], self.constraints[b]);
            self.parent[b] = a;
        }
    }

    fn fix(&mut self, axis: usize) {
        let root = self.root(axis);
        self.constraints[root] = WidthConstraint::Fixed;
    }

    fn divide(&mut self, axis: usize, divisor: usize) {
        let root = self.root(axis);
        self.constraints[root] = both(self.constraints[root], WidthConstraint::MultipleOf(divisor));
    }

    fn groups(&self, graph: &Graph) -> Vec<ChannelGroup> {
        let mut groups: Vec<(usize, ChannelGroup)> = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let root = self.root(index);
            match groups.iter_mut().find(|(known, _)| *known == root) {
                Some((_, group)) => group.nodes.push(NodeId(index)),
                None => {
                    let (width, constraint) = (node.output.channels, self.constraints[root]);
                    let group = ChannelGroup { width, constraint, nodes: vec![NodeId(index)] };
                    groups.push((root, group));
                }
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

fn both(a: WidthConstraint, b: WidthConstraint) -> WidthConstraint {
    match (a, b) {
        (WidthConstraint::MultipleOf(a), WidthConstraint::MultipleOf(b)) => {
            WidthConstraint::MultipleOf(lcm(a, b))
        }
        _ => WidthConstraint::Fixed,
    }
}

/// Least common multiple.
pub(crate) fn lcm(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}
