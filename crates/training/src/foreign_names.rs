//! The names of a network's tensors in torchvision and timm.

use std::collections::{BTreeMap, BTreeSet};

use search_space::{Block, Head, Network, Norm};

use crate::error::TrainingError;
use crate::import::Framework;
use crate::tensors::Shapes;

/// The framework's name for each node that has tensors, by the name of the node.
pub(crate) type Names = BTreeMap<String, String>;

/// A framework's names for a network, and the framework's batch norm settings.
pub(crate) struct Scheme {
    pub(crate) names: Names,
    pub(crate) norm: Norm,
}

const PYTORCH: Norm = Norm { eps: 1e-5, momentum: 0.1 };
/// torchvision's `mnasnet`: the momentum is 1 - 0.9997, from TensorFlow's decay.
const MNASNET: Norm = Norm { eps: 1e-5, momentum: 3e-4 };
/// torchvision's `mobilenetv3`.
const MOBILENET_V3: Norm = Norm { eps: 1e-3, momentum: 0.01 };

/// The names and batch norm settings of `network` in a framework.
///
/// # Errors
/// A network that the framework does not provide, or one whose number of blocks is not that of the
/// file.
pub(crate) fn scheme(
    framework: Framework,
    network: &Network,
    shapes: &Shapes,
) -> Result<Scheme, TrainingError> {
    let has = |name: &str| shapes.contains_key(name);
    let mut builder = Builder { network, names: Names::new() };
    let norm = match framework {
        Framework::Timm => {
            builder.timm(shapes)?;
            PYTORCH
        }
        Framework::Torchvision if has("conv1.0.weight") => {
            builder.shufflenet()?;
            PYTORCH
        }
        Framework::Torchvision if has("layers.0.weight") => {
            builder.mnasnet(shapes)?;
            MNASNET
        }
        Framework::Torchvision => {
            builder.mobilenet()?;
            if matches!(network.head, Head::PoolThenConv { .. }) { MOBILENET_V3 } else { PYTORCH }
        }
    };
    Ok(Scheme { names: builder.names, norm })
}

struct Builder<'a> {
    network: &'a Network,
    names: Names,
}

impl Builder<'_> {
    fn name(&mut self, ours: impl Into<String>, theirs: impl Into<String>) {
        self.names.insert(ours.into(), theirs.into());
    }

    /// A convolution and its batch norm.
    fn pair(&mut self, ours: &str, conv: String, norm: String) {
        self.name(format!("{ours}.conv"), conv);
        self.name(format!("{ours}.bn"), norm);
    }

    /// torchvision's `Conv2dNormActivation`, a sequence whose parts 0 and 1 have tensors.
    fn sequence(&mut self, ours: &str, theirs: &str) {
        self.pair(ours, format!("{theirs}.0"), format!("{theirs}.1"));
    }

    /// torchvision's MobileNetV2 and V3, whose `features` are the stem, the blocks and the
    /// convolution of the head.
    fn mobilenet(&mut self) -> Result<(), TrainingError> {
        let is_v3 = matches!(self.network.head, Head::PoolThenConv { .. });
        for (index, block) in self.network.blocks.iter().enumerate() {
            let ours = format!("blocks.{index}");
            let theirs = format!("features.{index}");
            match block {
                Block::Conv(_) => self.sequence(&format!("{ours}.conv"), &theirs),
                Block::InvertedResidual(residual) => {
                    let inner = if is_v3 { "block" } else { "conv" };
                    let mut part = 0;
                    let mut next = || {
                        part += 1;
                        format!("{theirs}.{inner}.{}", part - 1)
                    };
                    if residual.expand.is_some() {
                        self.sequence(&format!("{ours}.expand"), &next());
                    }
                    self.sequence(&format!("{ours}.depthwise"), &next());
                    if residual.se.is_some() {
                        let se = next();
                        self.name(format!("{ours}.se.reduce"), format!("{se}.fc1"));
                        self.name(format!("{ours}.se.expand"), format!("{se}.fc2"));
                    }
                    let project = format!("{ours}.project");
                    match is_v3 {
                        true => self.sequence(&project, &next()),
                        false => self.pair(&project, next(), next()),
                    }
                }
                other => return Err(lacks("torchvision's MobileNetV2 and V3", other)),
            }
        }
        self.sequence("head.conv", &format!("features.{}", self.network.blocks.len()));
        if is_v3 {
            self.name("head.features", "classifier.0");
        }
        self.name("head.classifier", if is_v3 { "classifier.3" } else { "classifier.1" });
        Ok(())
    }

    /// torchvision's MnasNet, which is B1. Its stem and first block are entries of `layers` itself.
    fn mnasnet(&mut self, shapes: &Shapes) -> Result<(), TrainingError> {
        let mut places = self.places("layers", shapes, 2)?.into_iter();
        self.pair("blocks.0.conv", "layers.0".into(), "layers.1".into());
        for (index, block) in self.network.blocks.iter().enumerate().skip(1) {
            let ours = format!("blocks.{index}");
            let Block::InvertedResidual(residual) = block else {
                return Err(lacks("torchvision's MnasNet", block));
            };
            let theirs = match index {
                1 => "layers".to_owned(),
                _ => places.next().map_or_else(String::new, |at| format!("{at}.layers")),
            };
            let mut first = if index == 1 { 3 } else { 0 };
            let parts = [residual.expand.map(|_| "expand"), Some("depthwise"), Some("project")];
            for part in parts.into_iter().flatten() {
                let norm = format!("{theirs}.{}", first + 1);
                self.pair(&format!("{ours}.{part}"), format!("{theirs}.{first}"), norm);
                first += 3;
            }
        }
        self.pair("head.conv", "layers.14".into(), "layers.15".into());
        self.name("head.classifier", "classifier.1");
        Ok(())
    }

    /// torchvision's ShuffleNetV2.
    fn shufflenet(&mut self) -> Result<(), TrainingError> {
        let (mut stage, mut unit) = (1, 0);
        for (index, block) in self.network.blocks.iter().enumerate() {
            let ours = format!("blocks.{index}");
            match block {
                Block::Conv(_) => self.sequence(&format!("{ours}.conv"), "conv1"),
                Block::MaxPool(_) => {}
                Block::ShuffleUnitV2(block) => {
                    (stage, unit) =
                        if block.stride == 1 { (stage, unit + 1) } else { (stage + 1, 0) };
                    let theirs = format!("stage{stage}.{unit}");
                    let mut branch = |ours_parts: &[&str], branch: &str, convs: &[usize]| {
                        for (part, conv) in ours_parts.iter().zip(convs) {
                            let module = |at: usize| format!("{theirs}.{branch}.{at}");
                            self.pair(&format!("{ours}.{part}"), module(*conv), module(conv + 1));
                        }
                    };
                    if block.stride != 1 {
                        branch(&["a.depthwise", "a.pointwise"], "branch1", &[0, 2]);
                    }
                    let parts = ["b.reduce", "b.depthwise", "b.expand"];
                    branch(&parts, "branch2", &[0, 3, 5]);
                }
                other => return Err(lacks("torchvision's ShuffleNetV2", other)),
            }
        }
        self.sequence("head.conv", "conv5");
        self.name("head.classifier", "fc");
        Ok(())
    }

    /// timm's classes `EfficientNet` and `MobileNetV3`, which build MobileNetV1 to V4, MnasNet and
    /// LCNet.
    fn timm(&mut self, shapes: &Shapes) -> Result<(), TrainingError> {
        let is_v3 = matches!(self.network.head, Head::PoolThenConv { .. });
        // The stem is not in timm's `blocks`, but the last convolution of V3 is.
        let other_blocks = if is_v3 { 0 } else { 1 };
        let mut places = self.places("blocks", shapes, other_blocks)?.into_iter();
        for (index, block) in self.network.blocks.iter().enumerate() {
            let ours = format!("blocks.{index}");
            if index == 0 {
                self.pair("blocks.0.conv", "conv_stem".into(), "bn1".into());
                continue;
            }
            let theirs = places.next().unwrap_or_default();
            if let Block::UniversalInvertedBottleneck(_) = block {
                let parts = [
                    ("start", "dw_start"),
                    ("expand", "pw_exp"),
                    ("depthwise", "dw_mid"),
                    ("project", "pw_proj"),
                ];
                for (part, module) in parts {
                    let module = format!("{theirs}.{module}");
                    let (conv, norm) = (format!("{module}.conv"), format!("{module}.bn"));
                    self.pair(&format!("{ours}.{part}"), conv, norm);
                }
                continue;
            }
            let (parts, se): (&[(&str, &str)], bool) = match block {
                Block::Conv(_) => (&[("conv", "conv")], false),
                Block::FusedInvertedBottleneck(_) => {
                    (&[("expand", "conv_exp"), ("project", "conv_pwl")], false)
                }
                Block::Separable(separable) => {
                    (&[("depthwise", "conv_dw"), ("pointwise", "conv_pw")], separable.se.is_some())
                }
                Block::InvertedResidual(residual) if residual.expand.is_none() => {
                    (&[("depthwise", "conv_dw"), ("project", "conv_pw")], residual.se.is_some())
                }
                Block::InvertedResidual(residual) => (
                    &[("expand", "conv_pw"), ("depthwise", "conv_dw"), ("project", "conv_pwl")],
                    residual.se.is_some(),
                ),
                other => return Err(lacks("timm's MobileNets, MnasNet and LCNet", other)),
            };
            for (norm, (part, conv)) in (1..).zip(parts) {
                let norm = format!("{theirs}.bn{norm}");
                self.pair(&format!("{ours}.{part}"), format!("{theirs}.{conv}"), norm);
            }
            if se {
                self.name(format!("{ours}.se.reduce"), format!("{theirs}.se.conv_reduce"));
                self.name(format!("{ours}.se.expand"), format!("{theirs}.se.conv_expand"));
            }
        }
        match self.network.head {
            Head::Pool { .. } => {}
            Head::ConvThenPool { .. } => {
                self.pair("head.conv", "conv_head".into(), "bn2".into());
            }
            Head::PoolThenConvNorm { .. } => {
                self.pair("head.features", "conv_head".into(), "norm_head".into());
            }
            Head::PoolThenFeatures { .. } => self.name("head.features", "conv_head"),
            Head::PoolThenConv { .. } => {
                let theirs = places.next().unwrap_or_default();
                self.pair("head.conv", format!("{theirs}.conv"), format!("{theirs}.bn1"));
                self.name("head.features", "conv_head");
            }
        }
        self.name("head.classifier", "classifier");
        Ok(())
    }

    /// The names `prefix.STAGE.INDEX` of a file in order, one for each block except `other_blocks`.
    /// They are read from the file because the network does not say which blocks form a stage.
    fn places(
        &self,
        prefix: &str,
        shapes: &Shapes,
        other_blocks: usize,
    ) -> Result<Vec<String>, TrainingError> {
        let place = |name: &String| {
            let mut parts = name.strip_prefix(prefix)?.strip_prefix('.')?.split('.');
            let mut number = || parts.next()?.parse::<usize>().ok();
            Some((number()?, number()?))
        };
        let places: BTreeSet<(usize, usize)> = shapes.keys().filter_map(place).collect();
        let blocks = self.network.blocks.len() - other_blocks;
        if places.len() != blocks {
            return Err(TrainingError::Blocks {
                found: format!("{} blocks named {prefix}.STAGE.INDEX", places.len()),
                expected: format!("{blocks}, those of {}", self.network.name),
            });
        }
        Ok(places.iter().map(|(stage, index)| format!("{prefix}.{stage}.{index}")).collect())
    }
}

fn lacks(expected: &'static str, block: &Block) -> TrainingError {
    let name = format!("{block:?}");
    let name = name.split(['(', ' ', '{']).next().unwrap_or_default();
    TrainingError::NoNames { found: format!("a {name} block in the network"), expected }
}
