//! Networks, spaces, genotypes and data sources from arguments.

use std::fs;
use std::path::Path;

use anyhow::Result;
use dataset::{DataError, Source};
use search_space::{Genotype, Network, SearchSpace, published};
use training::fit::FitData;

use crate::args::Global;
use crate::did_you_mean::{did_you_mean, with_suggestion};
use crate::exit::bad_input;
use crate::memory::{self, Copies};
use crate::progress::note;

/// What users call the kinds of data sources, beside their names.
const SOURCE_ALIASES: [(&str, &str); 9] = [
    ("imagefolder", "folder"),
    ("imagenet", "folder"),
    ("images", "folder"),
    ("photos", "folder"),
    ("dir", "folder"),
    ("directory", "folder"),
    ("path", "folder"),
    ("cifar", "cifar10"),
    ("fashionmnist", "mnist"),
];

/// The network of NET: a published name, a RON file or `SPACE:GENOTYPE`, each with options.
pub(crate) fn network(net: &str) -> Result<Network> {
    let bad = |error| bad_input(net, error);
    if Path::new(net).is_file() {
        return published::network_file(&read(net)?, "").map_err(bad);
    }
    let (name, options) = published::split_options(net);
    if Path::new(name).is_file() {
        return published::network_file(&read(name)?, options).map_err(bad);
    }
    if let Some((space_name, text)) = name.split_once(':') {
        let space = space(space_name)?;
        let ron = decode(&space, &genotype(&space, text)?)?.to_ron();
        return published::network_file(&ron, options).map_err(bad);
    }
    if looks_like_file(name) {
        return Err(bad_input(name, no_such_file(name)));
    }
    let suggestion = match published::network_names().any(|known| known == name) {
        true => None,
        false => did_you_mean(name, published::network_names()),
    };
    published::network(net).map_err(|error| bad_input(net, with_suggestion(error, suggestion)))
}

/// `network`, which is that of NET, for the images of `data`. A network that was named, and not with its
/// channels, gets those of the images, and a note says so.
pub(crate) fn network_for_images(
    global: &Global,
    net: &str,
    network: Network,
    data: &FitData,
) -> Result<Network> {
    let (channels, data) = (data.dataset.train.channels(), &data.source);
    let (name, options) = published::split_options(net);
    let is_chosen = options.split(',').any(|option| option.starts_with("channels="));
    if network.input.channels == channels || is_chosen {
        return Ok(network);
    }
    let separator = if options.is_empty() { '@' } else { ',' };
    let with_channels = format!("{net}{separator}channels={channels}");
    if Path::new(net).is_file() || Path::new(name).is_file() {
        let found = network.input.channels;
        let message =
            format!("input.channels: found {found}; expected: {channels}, those of {data}");
        return Err(bad_input(net, format!("{message}; did you mean {with_channels}?")));
    }
    note(global, &format!("the images have {channels} channel: NET is {with_channels}"));
    self::network(&with_channels)
}

/// As [`network`], if it fits in the memory of this machine.
pub(crate) fn runnable(net: &str, copies: Copies) -> Result<Network> {
    let network = network(net)?;
    memory::check(net, &network, copies)?;
    Ok(network)
}

/// A search space by its name or from a RON file.
pub(crate) fn space(space: &str) -> Result<SearchSpace> {
    if Path::new(space).is_file() {
        return SearchSpace::from_ron(&read(space)?).map_err(|error| bad_input(space, error));
    }
    if looks_like_file(space) {
        return Err(bad_input(space, no_such_file(space)));
    }
    let suggestion = did_you_mean(space, published::space_names());
    published::space(space)
        .map_err(|error| bad_input("--space", with_suggestion(error, suggestion)))
}

/// The data source of `--data`.
pub(crate) fn source(data: &str) -> Result<Source> {
    data.parse().map_err(|error| match error {
        DataError::Setting { place, found, expected } if place == "data" => {
            let message = format!("found {found}; expected: {expected}");
            let suggestion = source_suggestion(data);
            bad_input("--data", with_suggestion(message, suggestion.as_deref()))
        }
        error => bad_input("--data", error),
    })
}

/// What may be meant by a data source without a known kind.
fn source_suggestion(data: &str) -> Option<String> {
    let (kind, rest) = data.split_once(':').unwrap_or((data, "DIR"));
    if Source::KINDS.contains(&kind) {
        return None;
    }
    if Path::new(data).is_dir() {
        return Some(Source::suggested_by(Path::new(data)).to_string());
    }
    let aliases = SOURCE_ALIASES.iter().map(|(alias, _)| *alias);
    let alike = did_you_mean(kind, Source::KINDS.into_iter().chain(aliases))?;
    let alias = SOURCE_ALIASES.iter().find(|(alias, _)| *alias == alike);
    match alias.map_or(alike, |(_, kind)| kind) {
        "shapes" if rest == "DIR" => Some("shapes".to_owned()),
        kind => Some(format!("{kind}:{rest}")),
    }
}

/// A genotype from its text form.
pub(crate) fn genotype(space: &SearchSpace, text: &str) -> Result<Genotype> {
    space.parse_genotype(text).map_err(|error| bad_input(&space.name, error))
}

/// The network of a genotype; an error if the network cannot be computed.
pub(crate) fn decode(space: &SearchSpace, genotype: &Genotype) -> Result<Network> {
    let network = space.decode(genotype).map_err(|error| bad_input(&space.name, error))?;
    network.lower().map_err(|error| bad_input(&network.name, error))?;
    Ok(network)
}

pub(crate) fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|error| bad_input(path, error))
}

fn looks_like_file(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".ron")
}

fn no_such_file(name: &str) -> String {
    match fs::metadata(name) {
        Ok(_) => "found a folder; expected: a file".to_owned(),
        Err(error) => error.to_string(),
    }
}
