//! Networks, spaces and genotypes from arguments.

use std::fs;
use std::path::Path;

use anyhow::Result;
use search_space::{Genotype, Network, SearchSpace, published};

use crate::exit::bad_input;
use crate::memory::{self, Copies};

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
    published::network(net).map_err(bad)
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
    published::space(space).map_err(|error| bad_input("--space", error))
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
