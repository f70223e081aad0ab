//! Search spaces: templates of a network with choices, one RON file each.

mod check;
pub(crate) mod domain;
pub(crate) mod genotype;
mod genotype_text;
pub(crate) mod places;
pub(crate) mod reference_genotypes;
pub(crate) mod setting;
pub(crate) mod stage;
mod units;
pub(crate) mod validation;

use serde::{Deserialize, Serialize};

use crate::error::{Invalid, ParseError};
use crate::hash::fnv1a;
use crate::network::block::{Activation, Block, Gate, Skip};
use crate::network::head::Head;
use crate::network::rounding::scale;
use crate::network::width_multiplier;
use crate::network::{Input, Network, Norm};
use crate::ron_text;
use crate::space::genotype::Genotype;
use crate::space::places::UnitPlace;
use crate::space::setting::Setting;
use crate::space::stage::{LayerBlock, stage_blocks};

/// A family of blocks that a stage can consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// Dense convolutions.
    Conv,
    /// The block of MobileNetV1 and PP-LCNet.
    Separable,
    /// The block of MobileNetV2, V3 and MnasNet.
    InvertedResidual,
    /// The universal inverted bottleneck of MobileNetV4.
    UniversalInvertedBottleneck,
    /// The fused inverted bottleneck of MobileNetV4.
    FusedInvertedBottleneck,
    /// ShuffleNetV1's unit.
    ShuffleUnitV1,
    /// ShuffleNetV2's unit.
    ShuffleUnitV2,
    /// No block at all; where the stride or the width changes, a 1x1 convolution with BN and without
    /// activation (NAS-Bench-Macro's identity).
    Shortcut,
}

/// The rule for the width of squeeze-and-excite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SeRule {
    /// No squeeze-and-excite.
    None,
    /// max(1, floor(ratio x the block's input width)), not rounded to a multiple of 8 (MnasNet).
    OfInput {
        /// Ratio of the squeezed vector to the input, 0.25 in the paper.
        ratio: f64,
        /// Gate, `Sigmoid` in the paper.
        gate: Gate,
    },
    /// ratio x the expanded width (of `Separable`: the input's), rounded to a multiple of 8 (MobileNetV3).
    OfExpansion {
        /// Ratio of the squeezed vector to the input, 0.25 in the paper.
        ratio: f64,
        /// Gate, `HardSigmoid` in the paper.
        gate: Gate,
    },
}

/// The options of one property of a stage. A single option fixes the property, several make it a
/// choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Choice {
    /// Block family. Default: `InvertedResidual`.
    Family(Vec<Family>),
    /// Side of the (depthwise) kernel. Default: 3.
    Kernel(Vec<usize>),
    /// `UniversalInvertedBottleneck`: side of the depthwise kernel before the expansion, or 0 for
    /// none. Default: 0.
    StartKernel(Vec<usize>),
    /// `UniversalInvertedBottleneck`: side of the depthwise kernel after the expansion, or 0 for none.
    /// Default: the `Kernel`.
    MidKernel(Vec<usize>),
    /// Inverted residuals and bottlenecks: ratio of the expansion to the block's input, rounded to a multiple of 8;
    /// for `InvertedResidual`, 1 means no expansion convolution. Default: 6.
    Expand(Vec<f64>),
    /// Shuffle units: ratio of the bottleneck to the output. Default: 0.25 for `ShuffleUnitV1`, 0.5
    /// for `ShuffleUnitV2`.
    Mid(Vec<f64>),
    /// `ShuffleUnitV1`: number of groups. Default: 3.
    Groups(Vec<usize>),
    /// `InvertedResidual` and `Separable`: squeeze-and-excite. Default: `None`.
    Se(Vec<SeRule>),
    /// Inverted residuals and bottlenecks: shortcut of blocks with stride 1 and equal widths. Default: `Identity`.
    Skip(Vec<Skip>),
    /// Activation. Default: `Relu`.
    Act(Vec<Activation>),
    /// Multiplier of the stage's channels, rounded to a multiple of 8. Default: 1.
    Width(Vec<f64>),
    /// Number of blocks. Default: the stage's `layers`.
    Layers(Vec<usize>),
    /// Blocks, each of which sets several properties at once (NAS-Bench-Macro). No other list of the
    /// stage has these properties. What a block does not set has its default.
    Block(Vec<Vec<Setting>>),
}

/// A sequence of blocks with the same settings, of which only the first has the stride of the
/// stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Output channels.
    pub out: usize,
    /// Number of blocks unless `choices` has `Layers`.
    pub layers: usize,
    /// Stride of the first block.
    pub stride: usize,
    /// Properties with their options, in the order of genotypes.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// A search space in the manner of MnasNet (section 4.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSpace {
    /// Version of the file format.
    pub format: u32,
    /// Name of the space.
    pub name: String,
    /// Colour channels of the image.
    pub channels: usize,
    /// Options of the height and width of the image in pixels (rho in MobileNetV1).
    pub resolution: Vec<usize>,
    /// Options of the multiplier of all channels (alpha in MobileNetV1).
    #[serde(default = "full_width")]
    pub width: Vec<f64>,
    /// Number of classes, which are the outputs of the classifier.
    pub classes: usize,
    /// Settings of all batch norms.
    #[serde(default)]
    pub norm: Norm,
    /// Blocks before the first stage.
    pub stem: Vec<Block>,
    /// Stages in order.
    pub stages: Vec<Stage>,
    /// Head after the last stage.
    pub head: Head,
}

fn full_width() -> Vec<f64> {
    vec![1.0]
}

/// A choice with more than one option, which has an index in genotypes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceChoice {
    /// Place in the space, such as `stages[2].Kernel` or `resolution`.
    pub name: String,
    /// The options in the order of their indices, as in the RON file.
    pub options: Vec<String>,
}

impl SearchSpace {
    /// The version of the file format that this version of the crate reads and writes.
    pub const FORMAT: u32 = 1;

    /// Parses and validates the text of a RON file.
    ///
    /// # Errors
    /// A syntax error, a wrong type or an unknown field, with line and column; another format; a
    /// value that is out of range, with its place; no legal network among sampled genotypes.
    pub fn from_ron(text: &str) -> Result<Self, ParseError> {
        let space: Self = ron_text::parse(text, Self::FORMAT)?;
        check::check(&space)?;
        Ok(space)
    }

    /// Writes the text of a RON file that [`SearchSpace::from_ron`] parses.
    pub fn to_ron(&self) -> String {
        let fields = [
            ("format", ron_text::value(&self.format)),
            ("name", ron_text::value(&self.name)),
            ("channels", ron_text::value(&self.channels)),
            ("resolution", ron_text::value(&self.resolution)),
            ("width", ron_text::value(&self.width)),
            ("classes", ron_text::value(&self.classes)),
            ("norm", ron_text::value(&self.norm)),
            ("stem", ron_text::lines(&self.stem)),
            ("stages", ron_text::lines(&self.stages)),
            ("head", ron_text::value(&self.head)),
        ];
        ron_text::write("SearchSpace", &fields)
    }

    /// The 64-bit FNV-1a hash of the RON form, which has everything that determines the network of
    /// a genotype. It binds surrogates and studies to a space.
    pub fn fingerprint(&self) -> u64 {
        fnv1a(self.to_ron().bytes())
    }

    /// All choices with more than one option, in the order of genotypes.
    pub fn choices(&self) -> Vec<SpaceChoice> {
        let in_stages = self.stages.iter().enumerate().flat_map(|(index, stage)| {
            let name = move |choice: &Choice| format!("stages[{index}].{}", choice.name());
            stage.choices.iter().map(move |c| SpaceChoice { name: name(c), options: c.options() })
        });
        let global = [("resolution", strings(&self.resolution)), ("width", strings(&self.width))];
        let global =
            global.into_iter().map(|(name, options)| SpaceChoice { name: name.into(), options });
        in_stages.chain(global).filter(|choice| choice.options.len() > 1).collect()
    }

    /// Number of options of each choice, in the order of genotypes.
    pub fn option_counts(&self) -> Vec<u8> {
        let in_stages = self.stages.iter().flat_map(|s| s.choices.iter().map(Choice::len));
        let counts = in_stages.chain([self.resolution.len(), self.width.len()]);
        counts.filter(|&n| n > 1).map(|n| n as u8).collect()
    }

    /// The positions in a genotype of each stage's choices, then of resolution and of width, one
    /// list each. Stages and settings without a choice are left out.
    pub fn choice_groups(&self) -> Vec<Vec<usize>> {
        let in_stages = self
            .stages
            .iter()
            .map(|stage| stage.choices.iter().filter(|choice| choice.len() > 1).count());
        let global = [self.resolution.len(), self.width.len()].map(|n| usize::from(n > 1));
        let mut next = 0;
        let group = |count: usize| {
            next += count;
            (next - count..next).collect()
        };
        in_stages.chain(global).filter(|&count| count > 0).map(group).collect()
    }

    /// Number of genotypes, or `u128::MAX` if there are more.
    pub fn size(&self) -> u128 {
        self.domain().size()
    }

    /// Decodes a genotype to its network, which is named `SPACE:GENOTYPE`.
    ///
    /// # Errors
    /// The genotype does not fit the choices of the space. A network that decodes may still be
    /// invalid if the space has combinations that cannot be computed; [`Network::lower`] returns
    /// that error.
    pub fn decode(&self, genotype: &Genotype) -> Result<Network, Invalid> {
        Ok(self.decode_placed(genotype)?.network)
    }

    /// The place in the space of each unit of a genotype's network: of its blocks in order, then of
    /// its head.
    ///
    /// # Errors
    /// The genotype does not fit the choices of the space.
    pub fn unit_places(&self, genotype: &Genotype) -> Result<Vec<UnitPlace>, Invalid> {
        Ok(self.decode_placed(genotype)?.places)
    }

    fn decode_placed(&self, genotype: &Genotype) -> Result<PlacedNetwork, Invalid> {
        let counts = self.option_counts();
        let fits = genotype.0.len() == counts.len()
            && genotype.0.iter().zip(&counts).all(|(index, count)| index < count);
        if !fits {
            let expected = format!("{} indices below {counts:?}", counts.len());
            return Err(Invalid::new("genotype", genotype, expected));
        }
        let mut indices = genotype.0.iter().map(|&index| usize::from(index));
        // A property with a single option has no index in the genotype.
        let mut pick = |options: usize| if options > 1 { indices.next().unwrap_or(0) } else { 0 };
        let picked: Vec<Vec<usize>> = self
            .stages
            .iter()
            .map(|stage| stage.choices.iter().map(|choice| pick(choice.len())).collect())
            .collect();
        let resolution = self.resolution[pick(self.resolution.len())];
        let alpha = self.width[pick(self.width.len())];

        let stem = self.stem.iter().map(|block| width_multiplier::scale_stem(block, alpha));
        let mut blocks: Vec<Block> = stem.collect();
        let mut places: Vec<UnitPlace> =
            (0..blocks.len()).map(|block| UnitPlace::Stem { block }).collect();
        let mut input = blocks.iter().filter_map(Block::out).next_back().unwrap_or(self.channels);
        let mut first_shuffle_v1 = true;
        for ((index, stage), indices) in self.stages.iter().enumerate().zip(&picked) {
            let mut settings = stage.settings(indices);
            settings.out = scale(settings.out, alpha);
            for LayerBlock { layer, block } in
                stage_blocks(&settings, &mut input, &mut first_shuffle_v1)
            {
                blocks.push(block);
                places.push(settings.place(index, layer));
            }
        }
        places.push(UnitPlace::Head);
        let network = Network {
            format: Network::FORMAT,
            name: format!("{}:{genotype}", self.name),
            input: Input { channels: self.channels, resolution },
            classes: self.classes,
            class_names: Vec::new(),
            preprocessing: None,
            norm: self.norm,
            blocks,
            head: width_multiplier::scale_head(self.head, alpha),
        };
        Ok(PlacedNetwork { network, places })
    }
}

/// A decoded network with the places of its units.
struct PlacedNetwork {
    network: Network,
    places: Vec<UnitPlace>,
}

/// The options as in the RON file.
pub(crate) fn strings<T: Serialize>(options: &[T]) -> Vec<String> {
    options.iter().map(ron_text::one_line).collect()
}
