//! The blocks of MobileNetV1 to V4, MnasNet, PP-LCNet, ShuffleNetV1 and V2.

use serde::{Deserialize, Serialize};

use crate::graph::Shape;

/// An activation function. `Linear` stands for no activation (MobileNetV2's linear bottleneck).
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

/// The function that turns the output of squeeze-and-excite's second convolution into scale
/// factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// 1 / (1 + e^-x) (MnasNet)
    Sigmoid,
    /// relu6(x + 3) / 6 (MobileNetV3)
    HardSigmoid,
}

/// Squeeze-and-excite after the activation of the depthwise convolution: global average pool,
/// 1x1 convolution with bias to `channels`, ReLU, 1x1 convolution with bias, gate, multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqueezeExcite {
    /// Width of the squeezed vector.
    pub channels: usize,
    /// Function of the gate.
    pub gate: Gate,
}

/// What is added to a block's output. It is always explicit, so that no shortcut appears only
/// because two widths happen to be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Skip {
    /// Nothing.
    #[default]
    None,
    /// The block's input. Requires stride 1 and equal widths.
    Identity,
    /// A 3x3 average pool with stride 1 of the block's input. Requires stride 1 and equal widths.
    Pool,
}

/// A block from a paper. Convolutions and pools pad k/2 on all sides. Every convolution, except
/// those of squeeze-and-excite, has no bias and is followed by batch norm (BN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Block {
    /// Convolution, BN, activation.
    Conv(Conv),
    /// Max pool.
    MaxPool(Pool),
    /// Average pool that includes its padding.
    AvgPool(Pool),
    /// The block of MobileNetV1 and PP-LCNet.
    Separable(Separable),
    /// The block of MobileNetV2, V3 and MnasNet.
    InvertedResidual(InvertedResidual),
    /// The block of MobileNetV4.
    UniversalInvertedBottleneck(UniversalInvertedBottleneck),
    /// The block of MobileNetV4's first stages.
    FusedInvertedBottleneck(FusedInvertedBottleneck),
    /// ShuffleNetV1's unit.
    ShuffleUnitV1(ShuffleUnitV1),
    /// ShuffleNetV2's unit.
    ShuffleUnitV2(ShuffleUnitV2),
}

/// A convolution, BN and an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Output channels.
    pub out: usize,
    /// Side of the kernel, which is odd.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Activation.
    pub act: Activation,
    /// Number of groups, 1 for a dense convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
}

/// The window of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Side of the window, which is odd.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
}

/// The block of MobileNetV1 (Table 1, Fig. 3) and PP-LCNet (arXiv 2109.15099, Fig. 2): depthwise
/// convolution, BN, activation; optionally squeeze-and-excite; pointwise convolution, BN,
/// activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Separable {
    /// Output channels.
    pub out: usize,
    /// Side of the depthwise kernel, which is odd.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Activation after both convolutions.
    pub act: Activation,
    /// Squeeze-and-excite (PP-LCNet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<SqueezeExcite>,
}

/// The block of MobileNetV2, V3 and MnasNet: optionally a pointwise convolution, BN and activation;
/// depthwise convolution, BN, activation; optionally squeeze-and-excite; pointwise convolution, BN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvertedResidual {
    /// Width of the expansion convolution. There is one whenever a width is given, even if it
    /// equals the width of the input, and none otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand: Option<usize>,
    /// Output channels.
    pub out: usize,
    /// Side of the depthwise kernel, which is odd.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Activation after the expansion and the depthwise convolution.
    pub act: Activation,
    /// Activation after the projection, which is linear in all papers.
    #[serde(default, skip_serializing_if = "is_linear")]
    pub project_act: Activation,
    /// Squeeze-and-excite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<SqueezeExcite>,
    /// Shortcut.
    #[serde(default, skip_serializing_if = "is_no_skip")]
    pub skip: Skip,
}

/// The universal inverted bottleneck of MobileNetV4 (section 3, Fig. 4), as timm's
/// `UniversalInvertedResidual`: optionally a depthwise convolution and BN; pointwise convolution, BN,
/// activation; optionally a depthwise convolution, BN and activation; pointwise convolution, BN. With
/// both depthwise convolutions it is the paper's extra depthwise block, with the second one its
/// inverted bottleneck, with the first one its ConvNext-like block, and with none its feed-forward
/// network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniversalInvertedBottleneck {
    /// Side of the depthwise kernel before the expansion, which is odd; `None` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_kernel: Option<usize>,
    /// Width of the expansion.
    pub expand: usize,
    /// Side of the depthwise kernel after the expansion, which is odd; `None` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mid_kernel: Option<usize>,
    /// Output channels.
    pub out: usize,
    /// Stride of the second depthwise convolution, or of the first one where there is no second. It
    /// is 1 without any.
    pub stride: usize,
    /// Activation after the expansion and the second depthwise convolution.
    pub act: Activation,
    /// Shortcut.
    #[serde(default, skip_serializing_if = "is_no_skip")]
    pub skip: Skip,
}

/// The fused inverted bottleneck of MobileNetV4 and EfficientNetV2, as timm's `EdgeResidual`: dense
/// convolution, BN, activation, pointwise convolution, BN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusedInvertedBottleneck {
    /// Width of the dense convolution.
    pub expand: usize,
    /// Output channels.
    pub out: usize,
    /// Side of the kernel of the dense convolution, which is odd.
    pub kernel: usize,
    /// Stride of the dense convolution.
    pub stride: usize,
    /// Activation after the dense convolution.
    pub act: Activation,
    /// Shortcut.
    #[serde(default, skip_serializing_if = "is_no_skip")]
    pub skip: Skip,
}

/// The unit of ShuffleNetV1 (Fig. 2): grouped pointwise convolution, BN, ReLU, channel shuffle, 3x3
/// depthwise convolution, BN, grouped pointwise convolution, BN. With stride 1 the input is added
/// and ReLU follows. With stride 2 ReLU follows and the result is concatenated to a 3x3 average
/// pool of the input with stride 2, so that the branch computes `out` - input channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleUnitV1 {
    /// Output channels.
    pub out: usize,
    /// Width of the bottleneck.
    pub mid: usize,
    /// Groups of the second pointwise convolution and of the shuffle.
    pub groups: usize,
    /// Groups of the first pointwise convolution, 1 in the first unit of a network.
    pub first_groups: usize,
    /// Stride of the unit, 1 or 2.
    pub stride: usize,
}

/// The unit of ShuffleNetV2 (Fig. 3 c, d). With stride 1, branch A passes half of the channels
/// through unchanged, and branch B applies to the other half a pointwise convolution, BN, ReLU,
/// depthwise convolution, BN, pointwise convolution, BN, ReLU. With stride 2, both branches read
/// the whole input, and branch A applies a depthwise convolution, BN, pointwise convolution, BN,
/// ReLU. The branches are then concatenated and shuffled in 2 groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleUnitV2 {
    /// Output channels, an even number.
    pub out: usize,
    /// Width inside branch B.
    pub mid: usize,
    /// Output width of branch A with stride 2 (official code: the input's width; torchvision:
    /// out/2). `None` with stride 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<usize>,
    /// Side of the depthwise kernel, which is odd.
    pub kernel: usize,
    /// Stride of the unit, 1 or 2.
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
            Block::UniversalInvertedBottleneck(block) => block.stride,
            Block::FusedInvertedBottleneck(block) => block.stride,
            Block::ShuffleUnitV1(unit) => unit.stride,
            Block::ShuffleUnitV2(unit) => unit.stride,
        }
    }

    /// Output channels, or `None` for a pool, which keeps those of its input.
    pub fn out(&self) -> Option<usize> {
        match self {
            Block::MaxPool(_) | Block::AvgPool(_) => None,
            Block::Conv(conv) => Some(conv.out),
            Block::Separable(separable) => Some(separable.out),
            Block::InvertedResidual(residual) => Some(residual.out),
            Block::UniversalInvertedBottleneck(block) => Some(block.out),
            Block::FusedInvertedBottleneck(block) => Some(block.out),
            Block::ShuffleUnitV1(unit) => Some(unit.out),
            Block::ShuffleUnitV2(unit) => Some(unit.out),
        }
    }

    /// Shape of the block's output. With padding k/2, a side of r pixels becomes ceil(r / stride).
    pub fn output(&self, input: Shape) -> Shape {
        Shape {
            channels: self.out().unwrap_or(input.channels),
            resolution: input.resolution.div_ceil(self.stride().max(1)),
        }
    }
}
