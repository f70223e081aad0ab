//! Axes: the widths of a network that can be changed, each with all fields that change together.
//! NetAdapt narrows axes, and uniform scaling scales them.

use crate::error::Invalid;
use crate::graph::Graph;
use crate::graph::channel_groups::{ChannelGroup, WidthConstraint, channel_groups};
use crate::network::Network;
use crate::network::block::{Block, InvertedResidual, Separable};
use crate::network::head::Head;
use crate::widths::channel_mapping::ChannelMapping;

/// The role of an axis in its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AxisKind {
    /// The inner width of a block: the expansion of an inverted residual or the bottleneck of a
    /// shuffle unit.
    Expansion,
    /// The output of one block or of several blocks that share it, including the stem.
    Bottleneck,
    /// A convolution of the head.
    Head,
    /// The squeezed vector of squeeze-and-excite.
    Squeeze,
}

/// A field of a network that holds a width. Fields of blocks carry the index of their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    Out(usize),
    Expand(usize),
    Mid(usize),
    Squeeze(usize),
    HeadConv,
    HeadFeatures,
}

/// An axis of a network: a channel group whose width can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Unique name for display: `stem`, `3.expand`, `1-2.out`, `head.conv`. Blocks are counted from
    /// 0.
    pub name: String,
    /// Role of the axis in its blocks.
    pub kind: AxisKind,
    /// Number of channels.
    pub width: usize,
    /// The legal widths below `width`, in descending order: multiples of 8 and of all group counts
    /// on the axis to which the channels can be truncated exactly.
    pub narrower: Vec<usize>,
    fields: Vec<Field>,
}

/// The axes of a network in the order of its layers.
///
/// # Errors
/// The network cannot be lowered.
pub fn axes(network: &Network) -> Result<Vec<Axis>, Invalid> {
    let graph = network.lower()?;
    Ok(channel_groups(&graph).iter().filter_map(|group| axis(network, &graph, group)).collect())
}

fn axis(network: &Network, graph: &Graph, group: &ChannelGroup) -> Option<Axis> {
    let WidthConstraint::MultipleOf(divisor) = group.constraint else { return None };
    let mut fields = Vec::new();
    for &id in &group.nodes {
        let node = graph.node(id);
        if graph.makes_channels(node) {
            fields.extend(field(network, graph, id.0)?);
        }
    }
    fields.dedup();
    let (kind, name) = describe(network, &fields)?;
    let width = group.width;
    let here = ChannelMapping::new(graph, group, width);
    let equal = vec![0.0; width];
    let is_exact =
        |width: &usize| here.kept(&ChannelMapping::new(graph, group, *width), &equal).is_some();
    let max_count = width.checked_sub(1)? / divisor;
    let narrower = (1..=max_count).rev().map(|count| count * divisor).filter(is_exact).collect();
    Some(Axis { name, kind, width, narrower, fields })
}

/// The field that determines how many channels a node computes. `Some(None)` if the number follows
/// from another field, `None` if it must not change.
fn field(network: &Network, graph: &Graph, node: usize) -> Option<Option<Field>> {
    let unit = graph.units.iter().position(|unit| unit.nodes.contains(&node))?;
    let name = &graph.nodes[node].name;
    let Some(block) = network.blocks.get(unit) else {
        return match name.strip_prefix("head.")? {
            "conv.conv" => Some(Some(Field::HeadConv)),
            "features" | "features.conv" => Some(Some(Field::HeadFeatures)),
            _ => None,
        };
    };
    let local = name.strip_prefix(&format!("blocks.{unit}."))?;
    match (block, local) {
        (Block::Conv(_), "conv.conv")
        | (Block::Separable(_), "pointwise.conv")
        | (
            Block::InvertedResidual(_)
            | Block::UniversalInvertedBottleneck(_)
            | Block::FusedInvertedBottleneck(_),
            "project.conv",
        ) => Some(Some(Field::Out(unit))),
        (
            Block::InvertedResidual(_)
            | Block::UniversalInvertedBottleneck(_)
            | Block::FusedInvertedBottleneck(_),
            "expand.conv",
        ) => Some(Some(Field::Expand(unit))),
        (Block::InvertedResidual(_) | Block::Separable(_), "se.reduce") => {
            Some(Some(Field::Squeeze(unit)))
        }
        (Block::InvertedResidual(_) | Block::Separable(_), "se.expand") => Some(None),
        (Block::ShuffleUnitV1(_), "reduce.conv") | (Block::ShuffleUnitV2(_), "b.reduce.conv") => {
            Some(Some(Field::Mid(unit)))
        }
        _ => None,
    }
}

fn describe(network: &Network, fields: &[Field]) -> Option<(AxisKind, String)> {
    let last = fields.iter().rev().find_map(|field| match field {
        Field::Out(block) => Some(block),
        _ => None,
    });
    Some(match *fields.first()? {
        Field::Out(0) if fields.len() == 1 && matches!(network.blocks[0], Block::Conv(_)) => {
            (AxisKind::Bottleneck, "stem".to_owned())
        }
        Field::Out(first) => match last {
            Some(&last) if last > first => (AxisKind::Bottleneck, format!("{first}-{last}.out")),
            _ => (AxisKind::Bottleneck, format!("{first}.out")),
        },
        Field::Expand(block) => (AxisKind::Expansion, format!("{block}.expand")),
        Field::Mid(block) => (AxisKind::Expansion, format!("{block}.mid")),
        Field::Squeeze(block) => (AxisKind::Squeeze, format!("{block}.squeeze")),
        Field::HeadConv => (AxisKind::Head, "head.conv".to_owned()),
        Field::HeadFeatures => (AxisKind::Head, "head.features".to_owned()),
    })
}

impl Axis {
    /// Whether NetAdapt may narrow this axis and uniform scaling may scale it. Squeezed vectors are
    /// excluded, as they are part of a block's form, and so are axes without a narrower legal
    /// width.
    pub fn can_be_adapted(&self) -> bool {
        self.kind != AxisKind::Squeeze && !self.narrower.is_empty()
    }

    /// Returns `network` with another width of this axis, which must be an axis of `network`.
    pub fn with_width(&self, network: &Network, width: usize) -> Network {
        let mut network = network.clone();
        self.set(&mut network, width);
        network
    }

    fn set(&self, network: &mut Network, width: usize) {
        for &field in &self.fields {
            match (field, &mut network.head) {
                (Field::HeadConv, Head::ConvThenPool { conv, .. })
                | (Field::HeadConv, Head::PoolThenConv { conv, .. }) => *conv = width,
                (
                    Field::HeadFeatures,
                    Head::PoolThenFeatures { features, .. }
                    | Head::PoolThenConv { features, .. }
                    | Head::PoolThenConvNorm { features, .. },
                ) => *features = width,
                (Field::Out(unit), _) => set_out(&mut network.blocks[unit], width),
                (Field::Expand(unit), _) => match &mut network.blocks[unit] {
                    Block::InvertedResidual(residual) => residual.expand = Some(width),
                    Block::UniversalInvertedBottleneck(block) => block.expand = width,
                    Block::FusedInvertedBottleneck(block) => block.expand = width,
                    _ => {}
                },
                (Field::Squeeze(unit), _) => {
                    if let Block::InvertedResidual(InvertedResidual { se: Some(se), .. })
                    | Block::Separable(Separable { se: Some(se), .. }) =
                        &mut network.blocks[unit]
                    {
                        se.channels = width;
                    }
                }
                (Field::Mid(unit), _) => match &mut network.blocks[unit] {
                    Block::ShuffleUnitV1(block) => block.mid = width,
                    Block::ShuffleUnitV2(block) => block.mid = width,
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// The legal width, including the present one, that is nearest to `share` of the present width.
    /// Of two that are equally near, the wider one.
    pub fn nearest(&self, share: f64) -> usize {
        let distance = |width: usize| (width as f64 - share * self.width as f64).abs();
        let legal = std::iter::once(self.width).chain(self.narrower.iter().copied());
        legal.min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(self.width)
    }
}

fn set_out(block: &mut Block, width: usize) {
    match block {
        Block::Conv(conv) => conv.out = width,
        Block::Separable(separable) => separable.out = width,
        Block::InvertedResidual(residual) => residual.out = width,
        Block::UniversalInvertedBottleneck(block) => block.out = width,
        Block::FusedInvertedBottleneck(block) => block.out = width,
        _ => {}
    }
}
