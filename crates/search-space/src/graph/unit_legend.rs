//! What the parts of a unit's text form mean.

use std::collections::HashSet;

use crate::graph::unit::PlacedUnit;

/// A part of the text form of units, such as `k3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPart {
    /// How it looks. A number in it is written as `N`: `kN`.
    pub part: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// All parts in the order in which they appear in a text.
const PARTS: [UnitPart; 36] = [
    part("conv", "convolution"),
    part("maxpool", "max pool"),
    part("avgpool", "average pool"),
    part("sep", "depthwise separable convolution"),
    part("ir", "inverted residual: expansion, depthwise convolution, projection"),
    part("uib", "universal inverted bottleneck: as ir, with or without the depthwise ones"),
    part("fib", "fused inverted bottleneck: dense convolution, projection"),
    part("su1", "ShuffleNetV1 unit"),
    part("su2", "ShuffleNetV2 unit"),
    part("head", "classifier, with the pool and the convolutions before it"),
    part("dwN", "depthwise kernel of N x N before the expansion"),
    part("kN", "kernel of N x N"),
    part("sN", "stride"),
    part("gN", "groups"),
    part("fgN", "groups of the first convolution"),
    part("eN", "channels after the expansion; without it, nothing is expanded"),
    part("iN", "input channels"),
    part("mN", "channels in the middle"),
    part("oN", "output channels"),
    part("aN", "output channels of the shortcut"),
    part("seNsig", "squeeze-and-excite to N channels with a sigmoid"),
    part("seNhsig", "squeeze-and-excite to N channels with a hard sigmoid"),
    part("cN", "channels of the head's convolution"),
    part("fN", "channels of the head's convolution after the pool"),
    part("bn", "batch norm after the convolution after the pool"),
    part("linear", "no activation"),
    part("re", "ReLU"),
    part("r6", "ReLU6"),
    part("hs", "hard swish"),
    part("sw", "swish"),
    part("p...", "activation after the projection, such as pre"),
    part("skip", "the input is added to the output"),
    part("skippool", "the input's 3x3 average pool is added to the output"),
    part("nN", "classes"),
    part("nobias", "the classifier has no bias"),
    part("@N", "resolution of the input"),
];

const fn part(part: &'static str, meaning: &'static str) -> UnitPart {
    UnitPart { part, meaning }
}

/// The parts in the text forms of these units with their meanings, in the order in which they
/// appear there.
pub fn unit_legend(units: impl IntoIterator<Item = PlacedUnit>) -> Vec<UnitPart> {
    let texts = units.into_iter().map(|unit| unit.to_string());
    let seen: HashSet<String> = texts.flat_map(|text| parts_of(&text)).collect();
    PARTS.into_iter().filter(|known| seen.contains(known.part)).collect()
}

/// The parts of a text in the form of [`UnitPart::part`].
fn parts_of(text: &str) -> Vec<String> {
    let body = text.split_once('@').map_or(text, |(body, _)| body);
    let known = |part: &str| PARTS.iter().any(|known| known.part == part);
    let form = |part: &str| {
        let is_known = known(part);
        match part.strip_prefix('p') {
            _ if is_known => part.to_owned(),
            Some(activation) if known(activation) => "p...".to_owned(),
            _ => with_n(part),
        }
    };
    body.split('_').map(form).chain(["@N".to_owned()]).collect()
}

/// The text with its number replaced by `N`.
fn with_n(part: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let Some(start) = part.find(is_digit) else { return part.to_owned() };
    let (before, rest) = part.split_at(start);
    format!("{before}N{}", rest.trim_start_matches(is_digit))
}

#[cfg(test)]
mod tests {
    use super::{parts_of, unit_legend};
    use crate::published;

    /// A part of the format that the legend lacks would be missing here.
    #[test]
    fn every_part_of_every_published_unit_is_explained() {
        let networks = published::network_names().map(|name| published::network(name).unwrap());
        let networks: Vec<_> = networks.collect();
        let spaces = published::space_names().map(|name| published::space(name).unwrap().units());
        let of_networks = networks.iter().flat_map(|network| network.units().collect::<Vec<_>>());
        let units: Vec<_> = spaces.flatten().chain(of_networks).collect();
        for unit in units {
            let text = unit.to_string();
            let legend = unit_legend([unit]);
            for part in parts_of(&text) {
                assert!(legend.iter().any(|known| known.part == part), "{text}: {part}");
            }
        }
    }

    #[test]
    fn the_legend_has_what_occurs_and_nothing_else() {
        let text = "ir_k5_s1_e240_i40_o40_se64hsig_hs_pr6_skip@28";
        let legend = unit_legend([text.parse().unwrap()]);
        let parts: Vec<&str> = legend.iter().map(|known| known.part).collect();
        let expected = ["ir", "kN", "sN", "eN", "iN", "oN", "seNhsig", "hs", "p...", "skip", "@N"];
        assert_eq!(parts, expected);
    }
}
