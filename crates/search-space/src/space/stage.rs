//! Turns a stage with one option per choice into blocks.

use crate::network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, InvertedResidual, Separable, ShuffleUnitV1,
    ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
use crate::network::rounding::{make_divisible, nearest_multiple, scale};
use crate::space::setting::Setting;
use crate::space::{Choice, Family, SeRule, Stage, strings};

impl Choice {
    /// The name of the variant.
    pub fn name(&self) -> &'static str {
        match self {
            Choice::Family(_) => "Family",
            Choice::Kernel(_) => "Kernel",
            Choice::StartKernel(_) => "StartKernel",
            Choice::MidKernel(_) => "MidKernel",
            Choice::Expand(_) => "Expand",
            Choice::Mid(_) => "Mid",
            Choice::Groups(_) => "Groups",
            Choice::Se(_) => "Se",
            Choice::Skip(_) => "Skip",
            Choice::Act(_) => "Act",
            Choice::Width(_) => "Width",
            Choice::Layers(_) => "Layers",
            Choice::Block(_) => "Block",
        }
    }

    /// The options as in the RON file.
    pub fn options(&self) -> Vec<String> {
        match self {
            Choice::Family(options) => strings(options),
            Choice::Kernel(options)
            | Choice::StartKernel(options)
            | Choice::MidKernel(options)
            | Choice::Groups(options)
            | Choice::Layers(options) => strings(options),
            Choice::Expand(options) | Choice::Mid(options) | Choice::Width(options) => {
                strings(options)
            }
            Choice::Se(options) => strings(options),
            Choice::Skip(options) => strings(options),
            Choice::Act(options) => strings(options),
            Choice::Block(options) => strings(options),
        }
    }

    /// Number of options.
    #[allow(clippy::len_without_is_empty, reason = "parsing rejects an empty choice")]
    pub fn len(&self) -> usize {
        match self {
            Choice::Family(options) => options.len(),
            Choice::Kernel(options)
            | Choice::StartKernel(options)
            | Choice::MidKernel(options)
            | Choice::Groups(options)
            | Choice::Layers(options) => options.len(),
            Choice::Expand(options) | Choice::Mid(options) | Choice::Width(options) => {
                options.len()
            }
            Choice::Se(options) => options.len(),
            Choice::Skip(options) => options.len(),
            Choice::Act(options) => options.len(),
            Choice::Block(options) => options.len(),
        }
    }
}

/// A stage with a value for every property.
#[derive(Clone, Debug)]
pub(crate) struct StageSettings {
    pub(crate) family: Family,
    pub(crate) out: usize,
    layers: usize,
    stride: usize,
    kernel: usize,
    start_kernel: usize,
    mid_kernel: Option<usize>,
    expand: f64,
    mid: Option<f64>,
    groups: usize,
    se: SeRule,
    skip: Skip,
    act: Activation,
    /// The option of the stage's `Block` list.
    pub(crate) block: Option<usize>,
}

/// A block with the index of its layer in the stage.
pub(crate) struct LayerBlock {
    pub(crate) layer: usize,
    pub(crate) block: Block,
}

impl Stage {
    /// Settings of the stage with option `indices[i]` of its i-th choice.
    pub(crate) fn settings(&self, indices: &[usize]) -> StageSettings {
        let mut settings = StageSettings {
            family: Family::InvertedResidual,
            out: self.out,
            layers: self.layers,
            stride: self.stride,
            kernel: 3,
            start_kernel: 0,
            mid_kernel: None,
            expand: 6.0,
            mid: None,
            groups: 3,
            se: SeRule::None,
            skip: Skip::Identity,
            act: Activation::Relu,
            block: None,
        };
        for (choice, &index) in self.choices.iter().zip(indices) {
            if matches!(choice, Choice::Block(_)) {
                settings.block = Some(index);
            }
            for setting in choice.settings(index) {
                self.set(&mut settings, setting);
            }
        }
        settings
    }

    fn set(&self, settings: &mut StageSettings, setting: Setting) {
        match setting {
            Setting::Family(family) => settings.family = family,
            Setting::Kernel(kernel) => settings.kernel = kernel,
            Setting::StartKernel(kernel) => settings.start_kernel = kernel,
            Setting::MidKernel(kernel) => settings.mid_kernel = Some(kernel),
            Setting::Expand(ratio) => settings.expand = ratio,
            Setting::Mid(ratio) => settings.mid = Some(ratio),
            Setting::Groups(groups) => settings.groups = groups,
            Setting::Se(rule) => settings.se = rule,
            Setting::Skip(skip) => settings.skip = skip,
            Setting::Act(act) => settings.act = act,
            Setting::Width(ratio) => settings.out = scale(self.out, ratio),
            Setting::Layers(layers) => settings.layers = layers,
        }
    }
}

/// The blocks of a stage. `input` is the width before the stage and is set to the width after it. `first_shuffle_v1` is true until the first ShuffleNetV1 unit of the network, whose
/// first pointwise convolution is not grouped (ShuffleNetV1, Table 1).
pub(crate) fn stage_blocks(
    settings: &StageSettings,
    input: &mut usize,
    first_shuffle_v1: &mut bool,
) -> Vec<LayerBlock> {
    let mut blocks = Vec::with_capacity(settings.layers);
    let StageSettings { out, kernel, act, .. } = *settings;
    for layer in 0..settings.layers {
        let stride = if layer == 0 { settings.stride } else { 1 };
        let block = match settings.family {
            Family::Shortcut if stride == 1 && *input == out => continue,
            Family::Shortcut => {
                let act = Activation::Linear;
                Block::Conv(Conv { out, kernel: 1, stride, act, groups: 1 })
            }
            Family::Conv => Block::Conv(Conv { out, kernel, stride, act, groups: 1 }),
            Family::Separable => {
                let se = squeeze_excite(settings.se, *input, *input);
                Block::Separable(Separable { out, kernel, stride, act, se })
            }
            Family::InvertedResidual => inverted_residual(settings, *input, stride),
            Family::UniversalInvertedBottleneck => universal(settings, *input, stride),
            Family::FusedInvertedBottleneck => {
                let expand = make_divisible(*input as f64 * settings.expand);
                let skip = settings.skip_of(*input, stride);
                let fused = FusedInvertedBottleneck { expand, out, kernel, stride, act, skip };
                Block::FusedInvertedBottleneck(fused)
            }
            Family::ShuffleUnitV1 => {
                let mid = out as f64 * settings.mid.unwrap_or(0.25);
                let groups = settings.groups;
                Block::ShuffleUnitV1(ShuffleUnitV1 {
                    out,
                    // The paper does not state a rounding. Groups must have equally many channels.
                    mid: nearest_multiple(mid, groups),
                    groups,
                    first_groups: if std::mem::take(first_shuffle_v1) { 1 } else { groups },
                    stride,
                })
            }
            Family::ShuffleUnitV2 => Block::ShuffleUnitV2(ShuffleUnitV2 {
                out,
                mid: nearest_multiple(out as f64 * settings.mid.unwrap_or(0.5), 1),
                shortcut: (stride == 2).then_some(out / 2),
                kernel,
                stride,
            }),
        };
        blocks.push(LayerBlock { layer, block });
        *input = out;
    }
    blocks
}

impl StageSettings {
    /// The shortcut of a block with this input width and stride.
    fn skip_of(&self, input: usize, stride: usize) -> Skip {
        if stride == 1 && input == self.out { self.skip } else { Skip::None }
    }
}

fn universal(settings: &StageSettings, input: usize, stride: usize) -> Block {
    let StageSettings { out, kernel, start_kernel, mid_kernel, act, .. } = *settings;
    let some = |kernel: usize| (kernel != 0).then_some(kernel);
    Block::UniversalInvertedBottleneck(UniversalInvertedBottleneck {
        start_kernel: some(start_kernel),
        expand: make_divisible(input as f64 * settings.expand),
        mid_kernel: some(mid_kernel.unwrap_or(kernel)),
        out,
        stride,
        act,
        skip: settings.skip_of(input, stride),
    })
}

/// Squeeze-and-excite of a block whose input has `input` channels and whose depthwise convolution
/// has `expanded`.
fn squeeze_excite(rule: SeRule, input: usize, expanded: usize) -> Option<SqueezeExcite> {
    match rule {
        SeRule::None => None,
        SeRule::OfInput { ratio, gate } => {
            let channels = ((input as f64 * ratio).floor() as usize).max(1);
            Some(SqueezeExcite { channels, gate })
        }
        SeRule::OfExpansion { ratio, gate } => {
            let channels = make_divisible(expanded as f64 * ratio);
            Some(SqueezeExcite { channels, gate })
        }
    }
}

fn inverted_residual(settings: &StageSettings, input: usize, stride: usize) -> Block {
    let StageSettings { out, kernel, act, .. } = *settings;
    let expand = (settings.expand != 1.0).then(|| make_divisible(input as f64 * settings.expand));
    let se = squeeze_excite(settings.se, input, expand.unwrap_or(input));
    let skip = settings.skip_of(input, stride);
    Block::InvertedResidual(InvertedResidual {
        expand,
        out,
        kernel,
        stride,
        act,
        project_act: Activation::Linear,
        se,
        skip,
    })
}
