//! The published networks and spaces. A network is selected by a name with options, such as
//! `mobilenet_v2@width=0.5,resolution=160,channels=1,classes=10,stem_stride=1`.

use crate::error::{Invalid, ParseError};
use crate::network::Network;
use crate::network::block::Block;
use crate::network::width_multiplier::{self, WidthRule};
use crate::space::SearchSpace;

struct Published {
    name: &'static str,
    ron: &'static str,
    rule: WidthRule,
}

macro_rules! published {
    ($($name:literal: $rule:expr),* $(,)?) => {
        [$(Published {
            name: $name,
            ron: include_str!(concat!("../../../search_spaces/networks/", $name, ".ron")),
            rule: $rule,
        }),*]
    };
}

/// Stem widths of ShuffleNetV1 by multiplier (megvii-model/ShuffleNet-Series), for the multipliers
/// at which every group has a whole number of channels.
const V1_EVERY_WIDTH: WidthRule = WidthRule::ListV1(&[(0.5, 12), (1.0, 24), (1.5, 24), (2.0, 48)]);
const V1_EIGHT_GROUPS: WidthRule = WidthRule::ListV1(&[(0.5, 16), (1.0, 24), (1.5, 24), (2.0, 48)]);
const V1_WHOLE_WIDTHS: WidthRule = WidthRule::ListV1(&[(1.0, 24), (2.0, 48)]);
/// Widths of the stages and of the last convolution by multiplier (ShuffleNetV2, Table 5).
const V2_WIDTHS: WidthRule = WidthRule::ListV2(&[
    (0.5, [48, 96, 192, 1024]),
    (1.0, [116, 232, 464, 1024]),
    (1.5, [176, 352, 704, 1024]),
    (2.0, [244, 488, 976, 2048]),
]);

const NETWORKS: [Published; 18] = published! {
    "lcnet": WidthRule::RoundSeOfInput,
    "mobilenet_v1": WidthRule::Truncate,
    "mobilenet_v2": WidthRule::Round,
    "mobilenet_v3_large": WidthRule::RoundSeOfExpansion,
    "mobilenet_v3_small": WidthRule::RoundSeOfExpansion,
    "mobilenet_v3_small_paper": WidthRule::RoundSeOfExpansion,
    "mobilenet_v4_conv_small": WidthRule::RoundFixedStem,
    "mobilenet_v4_conv_medium": WidthRule::RoundFixedStem,
    "mobilenet_v4_conv_large": WidthRule::RoundFixedStem,
    "mnasnet_a1": WidthRule::RoundSeOfInput,
    "mnasnet_b1": WidthRule::RoundSeOfInput,
    "shufflenet_v1_g1": V1_EVERY_WIDTH,
    "shufflenet_v1_g2": V1_WHOLE_WIDTHS,
    "shufflenet_v1_g3": V1_EVERY_WIDTH,
    "shufflenet_v1_g4": V1_WHOLE_WIDTHS,
    "shufflenet_v1_g8": V1_EIGHT_GROUPS,
    "shufflenet_v2": V2_WIDTHS,
    "shufflenet_v2_torchvision": V2_WIDTHS,
};

macro_rules! spaces {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../search_spaces/", $name, ".ron")))),*]
    };
}

const SPACES: [(&str, &str); 9] = spaces![
    "mixed",
    "mnasnet",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3",
    "mobilenet_v4",
    "nas_bench_macro",
    "shufflenet_v1",
    "shufflenet_v2",
];

/// The names of the published networks.
pub fn network_names() -> impl Iterator<Item = &'static str> {
    NETWORKS.iter().map(|published| published.name)
}

/// The names of the built-in search spaces.
pub fn space_names() -> impl Iterator<Item = &'static str> {
    SPACES.iter().map(|(name, _)| *name)
}

/// Returns a built-in search space.
///
/// # Errors
/// The name is unknown.
pub fn space(name: &str) -> Result<SearchSpace, ParseError> {
    let known = SPACES.iter().find(|(known, _)| *known == name);
    let (_, ron) = known.ok_or_else(|| {
        let names: Vec<&str> = space_names().collect();
        Invalid::new("space", name, names.join(", "))
    })?;
    SearchSpace::from_ron(ron)
}

/// Returns a published network by its name with options.
///
/// # Errors
/// The name or an option is unknown, a value is out of range, or the family has no network of the
/// requested width.
pub fn network(name_with_options: &str) -> Result<Network, ParseError> {
    let (name, options) = split_options(name_with_options);
    let known = NETWORKS.iter().find(|published| published.name == name);
    let published = known.ok_or_else(|| {
        let names: Vec<&str> = network_names().collect();
        Invalid::new("network", name, format!("a RON file, or one of {}", names.join(", ")))
    })?;
    let network = Network::from_ron(published.ron)?;
    Ok(with_options(network, options, Some(published.rule))?)
}

/// Parses a network from the text of a RON file and applies options to it. The option `width` is
/// not available, as a file has its widths already.
///
/// # Errors
/// Those of [`Network::from_ron`]; an option is unknown or a value is out of range.
pub fn network_file(ron: &str, options: &str) -> Result<Network, ParseError> {
    Ok(with_options(Network::from_ron(ron)?, options, None)?)
}

/// Splits a text such as `NAME@width=0.5,classes=10` into name (or file) and options.
pub fn split_options(text: &str) -> (&str, &str) {
    text.split_once('@').unwrap_or((text, ""))
}

fn with_options(
    mut network: Network,
    options: &str,
    rule: Option<WidthRule>,
) -> Result<Network, Invalid> {
    let mut seen: Vec<&str> = Vec::new();
    for option in options.split(',').filter(|_| !options.is_empty()) {
        let (key, value) =
            option.split_once('=').ok_or_else(|| Invalid::new("option", option, "key=value"))?;
        if seen.contains(&key) {
            return Err(Invalid::new("option", format!("{key} twice"), "each option once"));
        }
        seen.push(key);
        match (key, rule) {
            ("width", Some(rule)) => {
                width_multiplier::apply(&mut network, rule, number(key, value)?)?;
            }
            ("width", None) => {
                let expected =
                    "resolution, channels, classes, stem_stride: a file has its widths already";
                return Err(Invalid::new("option", "width", expected));
            }
            ("resolution", _) => network.input.resolution = number(key, value)?,
            ("channels", _) => network.input.channels = number(key, value)?,
            ("classes", _) => network.classes = number(key, value)?,
            ("stem_stride", _) => set_stem_stride(&mut network, number(key, value)?)?,
            _ => {
                let expected = "width, resolution, channels, classes, stem_stride";
                return Err(Invalid::new("option", key, expected));
            }
        }
    }
    network.drop_unfitting_names();
    if !options.is_empty() {
        network.name = format!("{}@{options}", network.name);
    }
    network.lower()?;
    Ok(network)
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, Invalid> {
    value.parse().map_err(|_| {
        let kind = if key == "width" { "a number" } else { "a whole number above 0" };
        Invalid::new(key, value, kind)
    })
}

fn set_stem_stride(network: &mut Network, stride: usize) -> Result<(), Invalid> {
    let conv = network.blocks.iter_mut().find_map(|block| match block {
        Block::Conv(conv) => Some(conv),
        _ => None,
    });
    match conv {
        Some(conv) => conv.stride = stride,
        None => {
            let expected = "a network with a Conv block";
            return Err(Invalid::new("stem_stride", network.name.clone(), expected));
        }
    }
    Ok(())
}
