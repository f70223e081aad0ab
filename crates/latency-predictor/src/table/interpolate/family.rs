//! Families of units: those that differ in widths only and that the engine runs in the same way.

use std::ops::Range;

use engine::fused_inverted_residuals;
use search_space::{Block, Graph, Head, Node, Op, PlacedUnit, Unit, UnitSpan};

use crate::table::build::alone;

/// Every kernel computes whole vectors of at least this many channels (eight `f32` in 256 bits), so
/// that 20 channels cost as much as 24.
const VECTOR: usize = 8;

/// The widths of a unit in the order of its fields; the first is that of the input.
pub(crate) type Widths = Vec<usize>;

/// What the units of a family have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Family {
    /// A unit of the family with all widths set to 0.
    form: PlacedUnit,
    /// The nodes of a unit that run as one kernel.
    fused: Vec<Range<usize>>,
}

/// A unit in its family.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) family: Family,
    pub(crate) widths: Widths,
    /// What its latency consists of: a constant, elements of the input and of the output, and
    /// multiply-adds of each convolution and linear layer, whose channels are rounded up to whole
    /// vectors. All members of a family have equally many.
    pub(crate) costs: Vec<f64>,
}

impl Member {
    /// Whether this unit costs at most as much as `other` in every respect.
    pub(crate) fn costs_at_most(&self, other: &Self) -> bool {
        self.costs.iter().zip(&other.costs).all(|(a, b)| a <= b)
    }
}

/// Whether some of `others`, which are of the same family, enclose a unit: each of its widths lies
/// between theirs, one of them costs at most as much in every respect, and one at least as much.
pub(crate) fn is_enclosed<'a>(
    at: &Member,
    others: impl Iterator<Item = &'a Member> + Clone,
) -> bool {
    let is_between = |(place, width): (usize, &usize)| {
        let mut widths = others.clone().map(|other| other.widths[place]);
        widths.clone().any(|other| other <= *width) && widths.any(|other| other >= *width)
    };
    at.widths.iter().enumerate().all(is_between)
        && others.clone().any(|other| other.costs_at_most(at))
        && others.clone().any(|other| at.costs_at_most(other))
}

/// The form of a unit, which has 0 in the place of all widths, and the widths.
pub(crate) fn split(unit: &PlacedUnit) -> (PlacedUnit, Widths) {
    let mut form = *unit;
    let mut widths = Vec::new();
    let mut take = |width: &mut usize| widths.push(std::mem::take(width));
    take(&mut form.input.channels);
    match &mut form.unit {
        Unit::Block(Block::Conv(conv)) => take(&mut conv.out),
        Unit::Block(Block::MaxPool(_) | Block::AvgPool(_)) => {}
        Unit::Block(Block::Separable(separable)) => take(&mut separable.out),
        Unit::Block(Block::InvertedResidual(residual)) => {
            residual.expand.iter_mut().for_each(&mut take);
            take(&mut residual.out);
            residual.se.iter_mut().for_each(|se| take(&mut se.channels));
        }
        Unit::Block(Block::ShuffleUnitV1(unit)) => {
            take(&mut unit.mid);
            take(&mut unit.out);
        }
        Unit::Block(Block::ShuffleUnitV2(unit)) => {
            take(&mut unit.mid);
            take(&mut unit.out);
            unit.shortcut.iter_mut().for_each(&mut take);
        }
        Unit::Head { head: Head::Pool { .. }, .. } => {}
        Unit::Head { head: Head::ConvThenPool { conv, .. }, .. } => take(conv),
        Unit::Head { head: Head::PoolThenConv { conv, features, .. }, .. } => {
            take(conv);
            take(features);
        }
    }
    (form, widths)
}

/// A unit in its family. `None` if the unit cannot be computed.
pub(crate) fn member(unit: &PlacedUnit) -> Option<Member> {
    let (form, widths) = split(unit);
    let graph = alone(unit)?.lower().ok()?;
    let span = graph.units.iter().find(|span| span.unit == *unit)?;
    let start = span.nodes.start;
    let fused = fused_inverted_residuals(&graph)
        .into_iter()
        .filter(|nodes| span.nodes.contains(&nodes.start))
        .map(|nodes| nodes.start - start..nodes.end - start)
        .collect();
    let costs = costs(&graph, span);
    Some(Member { family: Family { form, fused }, widths, costs })
}

fn costs(graph: &Graph, span: &UnitSpan) -> Vec<f64> {
    let nodes = &graph.nodes[span.nodes.clone()];
    let output = nodes.last().map_or(0, |node| node.output.elements());
    let fixed = [1, span.unit.input.elements(), output].map(|count| count as f64);
    fixed.into_iter().chain(nodes.iter().filter_map(|node| vector_macs(graph, node))).collect()
}

/// The multiply-adds of a convolution or linear layer whose channels, in each group, are rounded up
/// to whole vectors. `None` for all other ops.
fn vector_macs(graph: &Graph, node: &Node) -> Option<f64> {
    let channels = node.output.channels;
    let in_group = match node.op {
        // The vectors of a depthwise convolution go across its groups.
        Op::Conv { groups, .. } if groups == channels => channels,
        Op::Conv { groups, .. } => channels / groups,
        Op::Linear { .. } => channels,
        _ => return None,
    };
    let rounded = in_group.next_multiple_of(VECTOR) as f64 / in_group as f64;
    Some(graph.layer_cost(node).macs as f64 * rounded)
}
