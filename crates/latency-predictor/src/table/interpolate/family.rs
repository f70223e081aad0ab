//! Families of units: those that differ in widths only and that the engine runs in the same way.

use std::ops::Range;

use engine::fused_inverted_residuals;
use search_space::{Activation, Block, Graph, Head, Node, Op, PlacedUnit, Unit};

use crate::table::build::alone;

/// Every kernel computes whole vectors of at least this many channels (eight `f32` in 256 bits), so
/// that 20 channels cost as much as 24.
const VECTOR: usize = 8;

/// Bytes after which addresses fall into the same set of the first-level cache, and how many lines a
/// set holds, on common CPUs.
const SAME_SET: usize = 4096;
const WAYS: usize = 8;

/// The widths of a unit in the order of its fields; the first is that of the input.
pub(crate) type Widths = Vec<usize>;

/// What the units of a family have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Family {
    /// A unit of the family with all widths set to 0.
    form: PlacedUnit,
    /// The nodes of a unit that run as one kernel.
    fused: Vec<Range<usize>>,
    /// Whether the pixels under the window of a depthwise convolution conflict in the cache.
    conflicts: bool,
}

/// A unit in its family.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) family: Family,
    /// The family without the side of its kernel and its activation. These decide what a depthwise
    /// convolution and its activations cost; all other costs are alike in related families.
    pub(crate) kin: Family,
    pub(crate) widths: Widths,
    /// What the latency consists of apart from `own`: a constant, elements of the input and of the
    /// output, and multiply-adds of each convolution and linear layer that is not depthwise, whose
    /// channels are rounded up to whole vectors. All related units have equally many.
    pub(crate) shared: Vec<f64>,
    /// Multiply-adds of each depthwise convolution, rounded up in the same way. They stand for all
    /// that grows with the elements of the maps inside the unit, activations included.
    pub(crate) own: Vec<f64>,
}

impl Member {
    /// Whether this unit costs at most as much as `other` in every respect.
    pub(crate) fn costs_at_most(&self, other: &Self) -> bool {
        let at_most = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a <= b);
        at_most(&self.shared, &other.shared) && at_most(&self.own, &other.own)
    }

    /// The costs as a row of a regression over related units of `families`: each family has a
    /// coefficient of its own for each of its own costs.
    pub(crate) fn row(&self, families: &[&Family]) -> Vec<f64> {
        let own = families.iter().flat_map(|&family| {
            let share = if *family == self.family { 1.0 } else { 0.0 };
            self.own.iter().map(move |cost| share * cost)
        });
        self.shared.iter().copied().chain(own).collect()
    }
}

/// Whether some of `others`, which are of the same family, enclose a unit: each of its widths lies
/// between theirs, one of them costs at most as much in every respect, and one at least as much.
pub(crate) fn is_enclosed(at: &Member, others: &[&Member]) -> bool {
    let is_between = |(place, width): (usize, &usize)| {
        let mut widths = others.iter().map(|other| other.widths[place]);
        widths.clone().any(|other| other <= *width) && widths.any(|other| other >= *width)
    };
    at.widths.iter().enumerate().all(is_between)
        && others.iter().any(|other| other.costs_at_most(at))
        && others.iter().any(|other| at.costs_at_most(other))
}

/// The form of a unit, which has 0 in the place of all widths, and the widths.
fn split(unit: &PlacedUnit) -> (PlacedUnit, Widths) {
    let mut form = *unit;
    let mut widths = Vec::new();
    let mut take = |width: &mut usize| widths.push(std::mem::take(width));
    take(&mut form.input.channels);
    match &mut form.unit {
        Unit::Block(Block::Conv(conv)) => take(&mut conv.out),
        Unit::Block(Block::MaxPool(_) | Block::AvgPool(_)) => {}
        Unit::Block(Block::Separable(separable)) => {
            take(&mut separable.out);
            separable.se.iter_mut().for_each(|se| take(&mut se.channels));
        }
        Unit::Block(Block::InvertedResidual(residual)) => {
            residual.expand.iter_mut().for_each(&mut take);
            take(&mut residual.out);
            residual.se.iter_mut().for_each(|se| take(&mut se.channels));
        }
        Unit::Block(Block::UniversalInvertedBottleneck(block)) => {
            take(&mut block.expand);
            take(&mut block.out);
        }
        Unit::Block(Block::FusedInvertedBottleneck(block)) => {
            take(&mut block.expand);
            take(&mut block.out);
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
        Unit::Head {
            head: Head::PoolThenFeatures { features, .. } | Head::PoolThenConvNorm { features, .. },
            ..
        } => take(features),
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
    let fused: Vec<Range<usize>> = fused_inverted_residuals(&graph)
        .into_iter()
        .filter(|nodes| span.nodes.contains(&nodes.start))
        .map(|nodes| nodes.start - start..nodes.end - start)
        .collect();
    let nodes = &graph.nodes[span.nodes.clone()];
    let (own, shared): (Vec<&Node>, Vec<&Node>) =
        nodes.iter().partition(|node| is_depthwise(&graph, node));
    let macs = |nodes: Vec<&Node>| -> Vec<f64> {
        nodes.into_iter().filter_map(|node| vector_macs(&graph, node)).collect()
    };
    let output = nodes.last().map_or(0, |node| node.output.elements());
    let fixed = [1, span.unit.input.elements(), output].map(|count| count as f64);
    let shared = fixed.into_iter().chain(macs(shared)).collect();
    let conflicts = own.iter().any(|node| has_conflicts(node));
    let kin = Family { form: related(form), fused: Vec::clone(&fused), conflicts };
    let family = Family { form, fused, conflicts };
    Some(Member { family, kin, widths, shared, own: macs(own) })
}

/// The form without the side of the depthwise kernel and the activation.
fn related(mut form: PlacedUnit) -> PlacedUnit {
    match &mut form.unit {
        Unit::Block(Block::Separable(block)) => {
            (block.kernel, block.act) = (0, Activation::Linear);
        }
        Unit::Block(Block::InvertedResidual(block)) => {
            (block.kernel, block.act) = (0, Activation::Linear);
        }
        Unit::Block(Block::UniversalInvertedBottleneck(block)) => {
            block.start_kernel = block.start_kernel.map(|_| 0);
            block.mid_kernel = block.mid_kernel.map(|_| 0);
            block.act = Activation::Linear;
        }
        Unit::Block(Block::ShuffleUnitV2(block)) => block.kernel = 0,
        Unit::Block(_) | Unit::Head { .. } => {}
    }
    form
}

/// The distinct families of some units in the order of first appearance.
pub(crate) fn distinct<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<&'a Family> {
    let mut families: Vec<&Family> = Vec::new();
    for member in members {
        if !families.contains(&&member.family) {
            families.push(&member.family);
        }
    }
    families
}

/// What units of related families have in common and can be told without lowering them.
pub(crate) fn form(unit: &PlacedUnit) -> PlacedUnit {
    related(split(unit).0)
}

/// Whether the pixels that four neighbouring outputs of a depthwise convolution read do not fit into
/// the cache together, since their number of channels is a multiple of a large power of two. With
/// 256 channels and a kernel of side 5, this costs a tenth of the latency of a block.
fn has_conflicts(node: &Node) -> bool {
    let Op::Conv { kernel, .. } = node.op else { return false };
    let bytes = size_of::<f32>() * node.output.channels;
    let apart = (1 << bytes.trailing_zeros().min(SAME_SET.trailing_zeros())) as usize;
    kernel * (kernel + 3) > WAYS * SAME_SET / apart
}

fn is_depthwise(graph: &Graph, node: &Node) -> bool {
    matches!(node.op, Op::Conv { .. }) && !graph.makes_channels(node)
}

/// The multiply-adds of a convolution or linear layer whose channels, in each group, are rounded up
/// to whole vectors. `None` for all other ops.
fn vector_macs(graph: &Graph, node: &Node) -> Option<f64> {
    let channels = node.output.channels;
    let in_group = match node.op {
        // The vectors of a depthwise convolution go across its groups.
        Op::Conv { .. } if is_depthwise(graph, node) => channels,
        Op::Conv { groups, .. } => channels / groups,
        Op::Linear { .. } => channels,
        _ => return None,
    };
    let rounded = in_group.next_multiple_of(VECTOR) as f64 / in_group as f64;
    Some(graph.layer_cost(node).macs as f64 * rounded)
}
