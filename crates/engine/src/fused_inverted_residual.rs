//! Which convolutions run as one fused inverted residual.

use std::ops::Range;

use kernels::Geometry;
use search_space::{Graph, NodeId, Op};

use crate::fuse::{Fused, Residuals, fuse, readers};

/// The least number of elements of a map that is better not written to memory and read back.
const MIN_MAP: usize = 64 * 1024;
/// The largest number of weights that stay in a core's cache beside a strip of rows of the map.
const MAX_WEIGHTS: usize = 32 * 1024;

/// `[pointwise,] depthwise[, pointwise]` in one unit, where each convolution is the only reader of the
/// one before.
#[derive(Debug)]
pub(crate) struct InvertedResidualNodes {
    pub(crate) expand: Option<Fused>,
    pub(crate) depthwise: Fused,
    /// Of the depthwise convolution.
    pub(crate) geometry: Geometry,
    pub(crate) project: Option<Fused>,
}

impl InvertedResidualNodes {
    fn last(&self) -> NodeId {
        self.project.as_ref().unwrap_or(&self.depthwise).last()
    }
}

/// Nodes by the kernels that can run them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConvKind {
    /// 1x1 with stride 1 and one group.
    Pointwise,
    /// As many groups as channels of the input and of the output.
    Depthwise,
    /// Any other convolution, or no convolution.
    Other,
}

/// How the window of a convolution or pool moves. For all other ops, the window is a single pixel.
pub(crate) fn geometry(graph: &Graph, id: NodeId) -> Geometry {
    let node = graph.node(id);
    let side = graph.input_shape(node).resolution;
    let (kernel, stride) = match node.op {
        Op::Conv { kernel, stride, .. }
        | Op::MaxPool { kernel, stride }
        | Op::AvgPool { kernel, stride } => (kernel, stride),
        _ => (1, 1),
    };
    Geometry { height: side, width: side, kernel, stride }
}

pub(crate) fn conv_kind(graph: &Graph, id: NodeId) -> ConvKind {
    let node = graph.node(id);
    let channels = graph.input_shape(node).channels;
    match node.op {
        Op::Conv { kernel: 1, stride: 1, groups: 1, .. } => ConvKind::Pointwise,
        Op::Conv { groups, .. }
            if groups > 1 && groups == channels && groups == node.output.channels =>
        {
            ConvKind::Depthwise
        }
        _ => ConvKind::Other,
    }
}

/// The nodes that run as one fused inverted residual, for each of those in a graph. Whether
/// convolutions are fused depends on widths, so that latency may jump where this changes.
pub fn fused_inverted_residuals(graph: &Graph) -> Vec<Range<usize>> {
    let readers = readers(graph);
    let mut found = Vec::new();
    for span in &graph.units {
        let mut next = span.nodes.start;
        while next < span.nodes.end {
            let fused = inverted_residual_at(graph, &readers, NodeId(next), &span.nodes);
            let end = fused.map_or(next + 1, |fused| fused.last().0 + 1);
            if end > next + 1 {
                found.push(next..end);
            }
            next = end;
        }
    }
    found
}

/// The fused inverted residual that starts at `start` and stays within the nodes of `unit`, if there is
/// one and it saves memory traffic.
pub(crate) fn inverted_residual_at(
    graph: &Graph,
    readers: &[Vec<NodeId>],
    start: NodeId,
    unit: &Range<usize>,
) -> Option<InvertedResidualNodes> {
    let next = |fused: &Fused, kind: ConvKind| match readers[fused.last().0][..] {
        [next] if unit.contains(&next.0) && conv_kind(graph, next) == kind => Some(next),
        _ => None,
    };
    let (expand, depthwise) = match conv_kind(graph, start) {
        ConvKind::Pointwise => {
            let expand = fuse(graph, readers, start, Residuals::None);
            let depthwise = next(&expand, ConvKind::Depthwise)?;
            (Some(expand), depthwise)
        }
        ConvKind::Depthwise => (None, start),
        ConvKind::Other => return None,
    };
    let few_weights = |id: NodeId| graph.layer_cost(graph.node(id)).params <= MAX_WEIGHTS;
    let expanded = graph.input_shape(graph.node(depthwise)).elements();
    if expanded < MIN_MAP || expand.as_ref().is_some_and(|expand| !few_weights(expand.first())) {
        return None;
    }
    let geometry = geometry(graph, depthwise);
    let depthwise = fuse(graph, readers, depthwise, Residuals::None);
    let pointwise = next(&depthwise, ConvKind::Pointwise);
    // The pointwise convolution after a leading depthwise one is an expansion where a second depthwise
    // convolution follows: fused with that and the projection, it saves the larger map.
    let is_expansion = |id: NodeId| {
        inverted_residual_at(graph, readers, id, unit).is_some_and(|it| it.expand.is_some())
    };
    if expand.is_none() && pointwise.is_some_and(is_expansion) {
        return None;
    }
    let project = pointwise
        .filter(|&id| few_weights(id))
        .map(|id| fuse(graph, readers, id, Residuals::Before(start)));
    (expand.is_some() || project.is_some()).then_some(InvertedResidualNodes {
        expand,
        depthwise,
        geometry,
        project,
    })
}
