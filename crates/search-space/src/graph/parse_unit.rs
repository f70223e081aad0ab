//! Parses the text form of a unit, which `unit_text.rs` writes.

use std::str::FromStr;

use crate::error::Invalid;
use crate::graph::Shape;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::graph::unit_text::{ACTIVATIONS, GATES};
use crate::network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, InvertedResidual, Pool, Separable,
    ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
use crate::network::head::{Dropout, Head};

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

fn value_in<T: Copy>(names: &[(T, &'static str)], text: &str) -> Option<T> {
    names.iter().find(|(_, name)| *name == text).map(|(value, _)| *value)
}
