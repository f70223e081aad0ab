//! A network in a few lines: one for each run of blocks that differ only in their stride.

use serde::Serialize;

use crate::graph::Shape;
use crate::network::Network;
use crate::network::block::{
    Activation, Block, InvertedResidual, Skip, UniversalInvertedBottleneck,
};
use crate::network::head::Head;

/// Consecutive blocks of the same kind and width, or the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageSummary {
    /// What the blocks are, in the words of the papers: `MBConv6 5x5, SE`.
    pub block: String,
    /// The number of blocks.
    pub layers: usize,
    /// Channels of the output; of the head, the classes.
    pub channels: usize,
    /// Height and width of the output in pixels; of the head, 1.
    pub resolution: usize,
}

impl Network {
    /// The stages of the network from the image on, and then its head. A block with a stride above
    /// 1 begins a stage.
    pub fn stages(&self) -> Vec<StageSummary> {
        let mut input = Shape::new(self.input.channels, self.input.resolution);
        let mut stages: Vec<StageSummary> = Vec::new();
        for block in &self.blocks {
            let output = block.output(input);
            let (text, channels) = (describe(block, input), output.channels);
            match stages.last_mut() {
                Some(stage)
                    if block.stride() == 1 && stage.block == text && stage.channels == channels =>
                {
                    stage.layers += 1;
                }
                _ => stages.push(StageSummary {
                    block: text,
                    layers: 1,
                    channels,
                    resolution: output.resolution,
                }),
            }
            input = output;
        }
        let block = match self.head {
            Head::Pool { .. } => "pool, linear".to_owned(),
            Head::ConvThenPool { conv, .. } => format!("conv 1x1 to {conv}, pool, linear"),
            Head::PoolThenFeatures { features, .. } => {
                format!("pool, conv 1x1 to {features}, linear")
            }
            Head::PoolThenConv { conv, features, .. } => {
                format!("conv 1x1 to {conv}, pool, conv 1x1 to {features}, linear")
            }
            Head::PoolThenConvNorm { features, .. } => {
                format!("pool, conv 1x1 to {features}, linear")
            }
        };
        stages.push(StageSummary { block, layers: 1, channels: self.classes, resolution: 1 });
        stages
    }
}

fn describe(block: &Block, input: Shape) -> String {
    match block {
        Block::Conv(conv) => {
            let groups = match conv.groups {
                1 => String::new(),
                groups => format!(", {groups} groups"),
            };
            format!("conv {0}x{0}{groups}{1}", conv.kernel, act(conv.act))
        }
        Block::MaxPool(pool) => format!("max pool {0}x{0}", pool.kernel),
        Block::AvgPool(pool) => format!("average pool {0}x{0}", pool.kernel),
        Block::Separable(separable) => {
            let se = if separable.se.is_some() { ", SE" } else { "" };
            format!("separable {0}x{0}{se}{1}", separable.kernel, act(separable.act))
        }
        Block::InvertedResidual(residual) => inverted_residual(residual, input),
        Block::UniversalInvertedBottleneck(block) => universal(block, input),
        Block::FusedInvertedBottleneck(block) => {
            let ratio = ratio(block.expand, input);
            format!("FusedIB{ratio} {0}x{0}{1}", block.kernel, act(block.act))
        }
        Block::ShuffleUnitV1(unit) => {
            format!("ShuffleNetV1 unit, {} groups, mid {}", unit.groups, unit.mid)
        }
        Block::ShuffleUnitV2(unit) => {
            format!("ShuffleNetV2 unit {0}x{0}, mid {1}", unit.kernel, unit.mid)
        }
    }
}

/// MBConv with the ratio of the expansion to the input, as in the papers of MnasNet and
/// EfficientNet.
fn inverted_residual(residual: &InvertedResidual, input: Shape) -> String {
    let ratio = ratio(residual.expand.unwrap_or(input.channels), input);
    let se = if residual.se.is_some() { ", SE" } else { "" };
    let could_skip = residual.stride == 1 && input.channels == residual.out;
    let skip = match residual.skip {
        Skip::None if could_skip => ", no shortcut",
        Skip::None | Skip::Identity => "",
        Skip::Pool => ", pooled shortcut",
    };
    format!("MBConv{ratio} {0}x{0}{se}{1}{skip}", residual.kernel, act(residual.act))
}

/// The names of the forms in MobileNetV4 (Fig. 4), with the ratio of the expansion to the input.
fn universal(block: &UniversalInvertedBottleneck, input: Shape) -> String {
    let (ratio, act) = (ratio(block.expand, input), act(block.act));
    match (block.start_kernel, block.mid_kernel) {
        (Some(start), Some(mid)) => format!("ExtraDW{ratio} {start}x{start}, {mid}x{mid}{act}"),
        (Some(start), None) => format!("ConvNext{ratio} {start}x{start}{act}"),
        (None, Some(mid)) => format!("IB{ratio} {mid}x{mid}{act}"),
        (None, None) => format!("FFN{ratio}{act}"),
    }
}

fn ratio(expand: usize, input: Shape) -> f64 {
    (10.0 * expand as f64 / input.channels as f64).round() / 10.0
}

/// Most networks have ReLU, which is left out.
fn act(act: Activation) -> &'static str {
    match act {
        Activation::Relu => "",
        Activation::Linear => ", linear",
        Activation::Relu6 => ", ReLU6",
        Activation::HardSwish => ", h-swish",
        Activation::Swish => ", swish",
    }
}
