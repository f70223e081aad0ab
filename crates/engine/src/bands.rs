//! Which convolutions run in one pass over a map, band of rows by band.

use std::ops::Range;

use kernels::Geometry;
use search_space::{Graph, NodeId, Op};

use crate::fuse::{Fused, Residuals, fuse};

/// Numbers of a map that are better not written to memory and read back.
const LARGE_MAP: usize = 64 * 1024;
/// Numbers of weights that stay in a core's cache beside a band.
const SMALL_WEIGHTS: usize = 32 * 1024;

/// `[pointwise,] depthwise[, pointwise]`, of one unit, each the only reader of the one before.
#[derive(Debug)]
pub(crate) struct BandNodes {
    pub(crate) expand: Option<(NodeId, Fused)>,
    pub(crate) depthwise: (NodeId, Fused),
    /// The depthwise convolution's.
    pub(crate) geometry: Geometry,
    pub(crate) project: Option<(NodeId, Fused)>,
}

/// A convolution by what can run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConvKind {
    /// 1x1, stride 1, one group.
    Pointwise,
    Depthwise,
    /// Dense, grouped or no convolution.
    Other,
}

/// How the window of a convolution or pool moves; elsewhere, over single pixels.
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

/// The bands that start at `start`, where running so saves traffic; `unit` are the nodes that they
/// may take up.
pub(crate) fn bands(
    graph: &Graph,
    readers: &[Vec<NodeId>],
    start: NodeId,
    unit: &Range<usize>,
) -> Option<BandNodes> {
    let fused = |id: NodeId, residuals: Residuals| (id, fuse(graph, readers, id, residuals));
    let next = |(_, fused): &(NodeId, Fused), kind: ConvKind| match readers[fused.last().0][..] {
        [next] if unit.contains(&next.0) && conv_kind(graph, next) == kind => Some(next),
        _ => None,
    };
    let (expand, depthwise) = match conv_kind(graph, start) {
        ConvKind::Pointwise => {
            let expand = fused(start, Residuals::None);
            let depthwise = next(&expand, ConvKind::Depthwise)?;
            (Some(expand), depthwise)
        }
        ConvKind::Depthwise => (None, start),
        ConvKind::Other => return None,
    };
    let weights = |id: NodeId| graph.layer_cost(graph.node(id)).params;
    let expanded = graph.input_shape(graph.node(depthwise)).elements();
    let small = expand.as_ref().is_none_or(|(id, _)| weights(*id) <= SMALL_WEIGHTS);
    if expanded < LARGE_MAP || !small {
        return None;
    }
    let geometry = geometry(graph, depthwise);
    let depthwise = fused(depthwise, Residuals::None);
    let project = next(&depthwise, ConvKind::Pointwise)
        .filter(|&id| weights(id) <= SMALL_WEIGHTS)
        .map(|id| fused(id, Residuals::Before(start)));
    (expand.is_some() || project.is_some()).then_some(BandNodes {
        expand,
        depthwise,
        geometry,
        project,
    })
}
