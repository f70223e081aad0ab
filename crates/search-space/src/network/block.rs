//! The blocks of MobileNetV1, V2, V3, MnasNet, ShuffleNetV1 and V2.

use serde::{Deserialize, Serialize};

use crate::graph::Shape;

/// An activation function. `Linear` is none at all (MobileNetV2's linear bottleneck).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Activation {
    /// x
    #[default]
    Linear,
    /// max(x, 0)
    Relu,
    /// min(max(x, 0), 6)
    Relu6,
    /// x * relu6(x + 3) / 6 (MobileNetV3, section 5.2)
    HardSwish,
    /// x * sigmoid(x)
    Swish,
}

/// The function that turns squeeze-and-excite's second convolution into a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// 1 / (1 + e^-x) (MnasNet)
    Sigmoid,
    /// relu6(x + 3) / 6 (MobileNetV3)
    HardSigmoid,
}

/// Squeeze-and-excite on the expanded tensor, after the depthwise activation: global pool, 1x1 with
/// bias to `channels`, ReLU, 1x1 with bias, gate, multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqueezeExcite {
    /// Width of the squeezed vector.
    pub channels: usize,
    /// The gate.
    pub gate: Gate,
}

/// What is added to a block's output. Always explicit, so that a shortcut never appears because
/// two widths happen to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Skip {
    /// Nothing.
    #[default]
    None,
    /// The block's input; stride 1 and equal widths only.
    Identity,
    /// A 3x3 stride 1 average pool of the block's input; stride 1 and equal widths only.
    Pool,
}

/// A unit from a paper. Convolutions and pools pad k/2 on all sides; each convolution but those of
/// squeeze-and-excite is without bias and followed by batch norm (BN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Block {
    /// Convolution, BN, activation.
    Conv(Conv),
    /// Max pool.
    MaxPool(Pool),
    /// Average pool that counts its padding.
    AvgPool(Pool),
    /// MobileNetV1's block.
    Separable(Separable),
    /// The block of MobileNetV2, V3 and MnasNet.
    InvertedResidual(InvertedResidual),
    /// ShuffleNetV1's unit.
    ShuffleUnitV1(ShuffleUnitV1),
    /// ShuffleNetV2's unit.
    ShuffleUnitV2(ShuffleUnitV2),
}

/// Convolution, BN, activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Output channels.
    pub out: usize,
    /// Side of the kernel, odd.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Activation.
    pub act: Activation,
    /// Groups; 1 for a dense convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
}

/// Window of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Side of the window, odd.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
}

/// MobileNetV1 (Table 1, Fig. 3): depthwise BN act, pointwise BN act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Separable {
    /// Output channels.
    pub out: usize,
    /// Side of the depthwise kernel, odd.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Both activations.
    pub act: Activation,
}

/// MobileNetV2, V3, MnasNet: [pointwise BN act,] depthwise BN act, [squeeze-and-excite,]
/// pointwise BN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvertedResidual {
    /// Width of the expansion convolution. Absent: there is none; present: there is one, also when
    /// it equals the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand: Option<usize>,
    /// Output channels.
    pub out: usize,
    /// Side of the depthwise kernel, odd.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Activation after the expansion and the depthwise convolution.
    pub act: Activation,
    /// Activation after the projection; linear in all papers.
    #[serde(default, skip_serializing_if = "is_linear")]
    pub project_act: Activation,
    /// Squeeze-and-excite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<SqueezeExcite>,
    /// Shortcut.
    #[serde(default, skip_serializing_if = "is_no_skip")]
    pub skip: Skip,
}

/// ShuffleNetV1 (Fig. 2): grouped pointwise BN ReLU, shuffle, depthwise 3x3 BN, grouped pointwise
/// BN. Stride 1 adds the input, then ReLU; stride 2 applies ReLU and concatenates to a 3x3 stride 2
/// average pool of the input, so that the branch gives `out` - input channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleUnitV1 {
    /// Output channels.
    pub out: usize,
    /// Bottleneck channels.
    pub mid: usize,
    /// Groups of the second pointwise convolution and of the shuffle.
    pub groups: usize,
    /// Groups of the first pointwise convolution: 1 in the network's first unit.
    pub first_groups: usize,
    /// 1 or 2.
    pub stride: usize,
}

/// ShuffleNetV2 (Fig. 3 c, d). Stride 1: half of the channels pass through, the others through
/// pointwise BN ReLU, depthwise BN, pointwise BN ReLU. Stride 2: branch A depthwise BN, pointwise
/// BN ReLU, branch B as before, both on the whole input. Then concat and shuffle by 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleUnitV2 {
    /// Output channels, even.
    pub out: usize,
    /// Channels inside branch B.
    pub mid: usize,
    /// Stride 2 only: branch A's width (official code: its input; torchvision: out/2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<usize>,
    /// Side of the depthwise kernel, odd.
    pub kernel: usize,
    /// 1 or 2.
    pub stride: usize,
}

fn one() -> usize {
    1
}

fn is_one(value: &usize) -> bool {
    *value == 1
}

fn is_linear(act: &Activation) -> bool {
    *act == Activation::Linear
}

fn is_no_skip(skip: &Skip) -> bool {
    *skip == Skip::None
}

impl Block {
    /// Stride between the block's input and output.
    pub fn stride(&self) -> usize {
        match self {
            Block::Conv(conv) => conv.stride,
            Block::MaxPool(pool) | Block::AvgPool(pool) => pool.stride,
            Block::Separable(separable) => separable.stride,
            Block::InvertedResidual(residual) => residual.stride,
            Block::ShuffleUnitV1(unit) => unit.stride,
            Block::ShuffleUnitV2(unit) => unit.stride,
        }
    }

    /// Output channels; `None` for a pool, which keeps those of its input.
    pub fn out(&self) -> Option<usize> {
        match self {
            Block::MaxPool(_) | Block::AvgPool(_) => None,
            Block::Conv(conv) => Some(conv.out),
            Block::Separable(separable) => Some(separable.out),
            Block::InvertedResidual(residual) => Some(residual.out),
            Block::ShuffleUnitV1(unit) => Some(unit.out),
            Block::ShuffleUnitV2(unit) => Some(unit.out),
        }
    }

    /// Shape of the block's output. Padding k/2 makes a side of r into ceil(r / stride).
    pub fn output(&self, input: Shape) -> Shape {
        Shape {
            channels: self.out().unwrap_or(input.channels),
            resolution: input.resolution.div_ceil(self.stride().max(1)),
        }
    }
}
