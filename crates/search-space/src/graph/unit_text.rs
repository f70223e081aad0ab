//! The text form of a unit on one line, in the manner of timm's block strings:
//! `ir_k5_s1_e240_i40_o40_se64hsig_hs_skip@28`. It names units in latency tables, logs and figures.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::error::Invalid;
use crate::graph::Shape;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, Gate, InvertedResidual, Pool, Separable,
    ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
use crate::network::head::{Dropout, Head};

const ACTIVATIONS: [(Activation, &str); 5] = [
    (Activation::Linear, "linear"),
    (Activation::Relu, "re"),
    (Activation::Relu6, "r6"),
    (Activation::HardSwish, "hs"),
    (Activation::Swish, "sw"),
];
const GATES: [(Gate, &str); 2] = [(Gate::Sigmoid, "sig"), (Gate::HardSigmoid, "hsig")];

impl Activation {
    /// The short name in the manner of timm.
    pub fn short_name(self) -> &'static str {
        name_in(&ACTIVATIONS, self)
    }
}

fn name_in<T: PartialEq + Copy>(names: &[(T, &'static str)], value: T) -> &'static str {
    names.iter().find(|(known, _)| *known == value).map_or("", |(_, name)| name)
}

fn value_in<T: Copy>(names: &[(T, &'static str)], text: &str) -> Option<T> {
    names.iter().find(|(_, name)| *name == text).map(|(value, _)| *value)
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

impl FromStr for PlacedUnit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let error = |found: &str, expected: &str| Invalid::new(text, found, expected);
        let (body, resolution) =
            text.rsplit_once('@').ok_or_else(|| error("no @", "an input resolution: @28"))?;
        let resolution: usize =
            resolution.parse().map_err(|_| error(resolution, "an input resolution: @28"))?;
        let mut parts = body.split('_');
        let kind = parts.next().unwrap_or_default();
        let mut tokens = Tokens { text, rest: parts.collect() };
        let input = Shape::new(tokens.number("i")?, resolution);
        let unit = parse_unit(kind, &mut tokens)?;
        match tokens.rest.first() {
            Some(unknown) => Err(error(unknown, "nothing more")),
            None => Ok(PlacedUnit { unit, input }),
        }
    }
}

fn parse_unit(kind: &str, t: &mut Tokens<'_>) -> Result<Unit, Invalid> {
    let block = match kind {
        "conv" => Block::Conv(Conv {
            kernel: t.number("k")?,
            stride: t.number("s")?,
            groups: t.number("g")?,
            out: t.number("o")?,
            act: t.activation()?,
        }),
        "maxpool" => Block::MaxPool(Pool { kernel: t.number("k")?, stride: t.number("s")? }),
        "avgpool" => Block::AvgPool(Pool { kernel: t.number("k")?, stride: t.number("s")? }),
        "sep" => Block::Separable(Separable {
            kernel: t.number("k")?,
            stride: t.number("s")?,
            out: t.number("o")?,
            se: t.squeeze_excite()?,
            act: t.activation()?,
        }),
        "ir" => Block::InvertedResidual(InvertedResidual {
            kernel: t.number("k")?,
            stride: t.number("s")?,
            expand: t.number("e").ok(),
            out: t.number("o")?,
            se: t.squeeze_excite()?,
            act: t.activation()?,
            project_act: t.project_activation(),
            skip: t.skip(),
        }),
        "uib" => Block::UniversalInvertedBottleneck(UniversalInvertedBottleneck {
            start_kernel: t.number("dw").ok(),
            mid_kernel: t.number("k").ok(),
            stride: t.number("s")?,
            expand: t.number("e")?,
            out: t.number("o")?,
            act: t.activation()?,
            skip: t.skip(),
        }),
        "fib" => Block::FusedInvertedBottleneck(FusedInvertedBottleneck {
            kernel: t.number("k")?,
            stride: t.number("s")?,
            expand: t.number("e")?,
            out: t.number("o")?,
            act: t.activation()?,
            skip: t.skip(),
        }),
        "su1" => Block::ShuffleUnitV1(ShuffleUnitV1 {
            stride: t.number("s")?,
            groups: t.number("g")?,
            first_groups: t.number("fg")?,
            mid: t.number("m")?,
            out: t.number("o")?,
        }),
        "su2" => Block::ShuffleUnitV2(ShuffleUnitV2 {
            kernel: t.number("k")?,
            stride: t.number("s")?,
            mid: t.number("m")?,
            out: t.number("o")?,
            shortcut: t.number("a").ok(),
        }),
        "head" => return parse_head(t),
        unknown => {
            let expected = "conv, maxpool, avgpool, sep, ir, uib, fib, su1, su2, head";
            return Err(Invalid::new(t.text, unknown, expected));
        }
    };
    Ok(Unit::Block(block))
}

fn parse_head(t: &mut Tokens<'_>) -> Result<Unit, Invalid> {
    let dropout = Dropout::default();
    let classes = t.number("n")?;
    let bias = !t.flag("nobias");
    let head = match (t.number("c").ok(), t.number("f").ok()) {
        (None, None) => Head::Pool { dropout, bias },
        (None, Some(features)) => {
            let act = t.activation()?;
            match t.flag("bn") {
                true => Head::PoolThenConvNorm { features, act, dropout, bias },
                false => Head::PoolThenFeatures { features, act, dropout, bias },
            }
        }
        (Some(conv), None) => Head::ConvThenPool { conv, act: t.activation()?, dropout, bias },
        (Some(conv), Some(features)) => {
            Head::PoolThenConv { conv, features, act: t.activation()?, dropout, bias }
        }
    };
    Ok(Unit::Head { head, classes })
}

/// The parts of a text between underscores that have not been parsed yet.
struct Tokens<'a> {
    text: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Tokens<'a> {
    /// Removes the first part that `read` parses and returns its value.
    fn take<T>(&mut self, read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let (index, value) =
            self.rest.iter().enumerate().find_map(|(i, part)| read(part).map(|v| (i, v)))?;
        self.rest.remove(index);
        Some(value)
    }

    fn number(&mut self, key: &str) -> Result<usize, Invalid> {
        self.take(|part| part.strip_prefix(key)?.parse().ok())
            .ok_or_else(|| Invalid::new(self.text, "none", format!("{key} followed by a number")))
    }

    fn flag(&mut self, name: &str) -> bool {
        self.take(|part| (part == name).then_some(())).is_some()
    }

    fn activation(&mut self) -> Result<Activation, Invalid> {
        self.take(|part| value_in(&ACTIVATIONS, part))
            .ok_or_else(|| Invalid::new(self.text, "none", "an activation: linear, re, r6, hs, sw"))
    }

    fn project_activation(&mut self) -> Activation {
        self.take(|part| value_in(&ACTIVATIONS, part.strip_prefix('p')?)).unwrap_or_default()
    }

    fn squeeze_excite(&mut self) -> Result<Option<SqueezeExcite>, Invalid> {
        let Some(text) = self.take(|part| part.strip_prefix("se")) else { return Ok(None) };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (channels, gate) = text.split_at(digits);
        match (channels.parse(), value_in(&GATES, gate)) {
            (Ok(channels), Some(gate)) => Ok(Some(SqueezeExcite { channels, gate })),
            _ => Err(Invalid::new(self.text, text, "a width and a gate: se64hsig, se64sig")),
        }
    }

    fn skip(&mut self) -> Skip {
        if self.flag("skip") {
            Skip::Identity
        } else if self.flag("skippool") {
            Skip::Pool
        } else {
            Skip::None
        }
    }
}
