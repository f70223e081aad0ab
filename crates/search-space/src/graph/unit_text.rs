//! The text form of a unit on one line, in the manner of timm's block strings:
//! `ir_k5_s1_e240_i40_o40_se64hsig_hs_skip@28`. It names units in latency tables, logs and figures.
//! `parse_unit.rs` reads it.

use std::fmt::{self, Display, Formatter};

use crate::graph::unit::{PlacedUnit, Unit};
use crate::network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, Gate, InvertedResidual, Pool, Separable,
    ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
use crate::network::head::Head;

pub(super) const ACTIVATIONS: [(Activation, &str); 5] = [
    (Activation::Linear, "linear"),
    (Activation::Relu, "re"),
    (Activation::Relu6, "r6"),
    (Activation::HardSwish, "hs"),
    (Activation::Swish, "sw"),
];
pub(super) const GATES: [(Gate, &str); 2] = [(Gate::Sigmoid, "sig"), (Gate::HardSigmoid, "hsig")];

impl Activation {
    /// The short name in the manner of timm.
    pub fn short_name(self) -> &'static str {
        name_in(&ACTIVATIONS, self)
    }
}

fn name_in<T: PartialEq + Copy>(names: &[(T, &'static str)], value: T) -> &'static str {
    names.iter().find(|(known, _)| *known == value).map_or("", |(_, name)| name)
}

impl Display for PlacedUnit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let i = self.input.channels;
        match self.unit {
            Unit::Block(Block::Conv(Conv { out, kernel, stride, act, groups })) => {
                write!(f, "conv_k{kernel}_s{stride}_g{groups}_i{i}_o{out}_{}", act.short_name())?;
            }
            Unit::Block(Block::MaxPool(Pool { kernel, stride })) => {
                write!(f, "maxpool_k{kernel}_s{stride}_i{i}")?;
            }
            Unit::Block(Block::AvgPool(Pool { kernel, stride })) => {
                write!(f, "avgpool_k{kernel}_s{stride}_i{i}")?;
            }
            Unit::Block(Block::Separable(Separable { out, kernel, stride, act, se })) => {
                write!(f, "sep_k{kernel}_s{stride}_i{i}_o{out}")?;
                write_squeeze_excite(f, se)?;
                write!(f, "_{}", act.short_name())?;
            }
            Unit::Block(Block::InvertedResidual(residual)) => {
                write_inverted_residual(f, i, &residual)?;
            }
            Unit::Block(Block::UniversalInvertedBottleneck(block)) => {
                write_universal(f, i, &block)?;
            }
            Unit::Block(Block::FusedInvertedBottleneck(block)) => {
                let FusedInvertedBottleneck { expand, out, kernel, stride, act, skip } = block;
                let act = act.short_name();
                write!(f, "fib_k{kernel}_s{stride}_e{expand}_i{i}_o{out}_{act}")?;
                write_skip(f, skip)?;
            }
            Unit::Block(Block::ShuffleUnitV1(unit)) => {
                let ShuffleUnitV1 { out, mid, groups, first_groups, stride } = unit;
                write!(f, "su1_s{stride}_g{groups}_fg{first_groups}_i{i}_m{mid}_o{out}")?;
            }
            Unit::Block(Block::ShuffleUnitV2(unit)) => {
                let ShuffleUnitV2 { out, mid, shortcut, kernel, stride } = unit;
                write!(f, "su2_k{kernel}_s{stride}_i{i}_m{mid}_o{out}")?;
                if let Some(shortcut) = shortcut {
                    write!(f, "_a{shortcut}")?;
                }
            }
            Unit::Head { head, classes } => write_head(f, i, &head, classes)?,
        }
        write!(f, "@{}", self.input.resolution)
    }
}

fn write_inverted_residual(f: &mut Formatter<'_>, i: usize, ir: &InvertedResidual) -> fmt::Result {
    let InvertedResidual { expand, out, kernel, stride, act, project_act, se, skip } = *ir;
    write!(f, "ir_k{kernel}_s{stride}")?;
    if let Some(expand) = expand {
        write!(f, "_e{expand}")?;
    }
    write!(f, "_i{i}_o{out}")?;
    write_squeeze_excite(f, se)?;
    write!(f, "_{}", act.short_name())?;
    if project_act != Activation::Linear {
        write!(f, "_p{}", project_act.short_name())?;
    }
    write_skip(f, skip)
}

fn write_universal(
    f: &mut Formatter<'_>,
    i: usize,
    block: &UniversalInvertedBottleneck,
) -> fmt::Result {
    let UniversalInvertedBottleneck { start_kernel, expand, mid_kernel, out, stride, act, skip } =
        *block;
    write!(f, "uib")?;
    if let Some(kernel) = start_kernel {
        write!(f, "_dw{kernel}")?;
    }
    if let Some(kernel) = mid_kernel {
        write!(f, "_k{kernel}")?;
    }
    write!(f, "_s{stride}_e{expand}_i{i}_o{out}_{}", act.short_name())?;
    write_skip(f, skip)
}

fn write_skip(f: &mut Formatter<'_>, skip: Skip) -> fmt::Result {
    match skip {
        Skip::None => Ok(()),
        Skip::Identity => write!(f, "_skip"),
        Skip::Pool => write!(f, "_skippool"),
    }
}

fn write_squeeze_excite(f: &mut Formatter<'_>, se: Option<SqueezeExcite>) -> fmt::Result {
    match se {
        None => Ok(()),
        Some(SqueezeExcite { channels, gate }) => {
            write!(f, "_se{channels}{}", name_in(&GATES, gate))
        }
    }
}

fn write_head(f: &mut Formatter<'_>, i: usize, head: &Head, classes: usize) -> fmt::Result {
    let bias = match *head {
        Head::Pool { bias, .. } => {
            write!(f, "head_i{i}")?;
            bias
        }
        Head::ConvThenPool { conv, act, bias, .. } => {
            write!(f, "head_i{i}_c{conv}_{}", act.short_name())?;
            bias
        }
        Head::PoolThenFeatures { features, act, bias, .. } => {
            write!(f, "head_i{i}_f{features}_{}", act.short_name())?;
            bias
        }
        Head::PoolThenConv { conv, features, act, bias, .. } => {
            write!(f, "head_i{i}_c{conv}_f{features}_{}", act.short_name())?;
            bias
        }
        Head::PoolThenConvNorm { features, act, bias, .. } => {
            write!(f, "head_i{i}_f{features}_bn_{}", act.short_name())?;
            bias
        }
    };
    write!(f, "_n{classes}{}", if bias { "" } else { "_nobias" })
}
