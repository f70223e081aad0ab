//! Which networks a table is measured in: rounds that each hold every block.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use search_space::{Genotype, Network, PlacedUnit, SearchSpace};
use serde::{Deserialize, Serialize};

/// How thoroughly a table is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildSettings {
    /// Each block is measured in at least this many networks, spread over the whole build.
    pub rounds: usize,
    /// Timed runs of each network.
    pub runs: usize,
    /// Of the random choice of networks.
    pub seed: u64,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self { rounds: 6, runs: 8, seed: 0 }
    }
}

/// The networks of a build in the order in which they are measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Every round holds all blocks; its networks are shuffled.
    pub rounds: Vec<Vec<Network>>,
    /// Blocks that no network was found for: combinations that cannot be computed next to any other
    /// choice of the space.
    pub uncovered: Vec<PlacedUnit>,
}

/// Attempts to improve a random genotype by mutation.
const MUTATIONS: usize = 48;
/// Genotypes in a row that hold nothing new before a round gives up.
const MISSES: usize = 1_000;

/// Networks of `space` for `wanted`, chosen greedily. Depends on the arguments only.
pub fn plan(space: &SearchSpace, wanted: &[PlacedUnit], settings: &BuildSettings) -> Plan {
    let mut rounds = Vec::new();
    let mut uncovered: HashSet<PlacedUnit> = HashSet::new();
    for round in 0..settings.rounds {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(round as u64);
        let mut open: HashSet<PlacedUnit> =
            wanted.iter().copied().filter(|unit| !uncovered.contains(unit)).collect();
        let mut networks = cover(space, &mut open, &mut rng);
        networks.shuffle(&mut rng);
        rounds.push(networks);
        uncovered.extend(open);
    }
    let uncovered = wanted.iter().copied().filter(|unit| uncovered.contains(unit)).collect();
    Plan { rounds, uncovered }
}

/// Networks that between them hold `open`; leaves in it what none was found for.
fn cover(
    space: &SearchSpace,
    open: &mut HashSet<PlacedUnit>,
    rng: &mut ChaCha8Rng,
) -> Vec<Network> {
    let mut networks = Vec::new();
    let mut misses = 0;
    while !open.is_empty() && misses < MISSES {
        let mut genotype = space.sample(rng);
        let mut best = better(space, &genotype, open, 0);
        for _ in 0..MUTATIONS {
            let mutant = space.mutate(&genotype, rng);
            let gain = best.as_ref().map_or(0, |(gain, _)| *gain);
            if let Some(found) = better(space, &mutant, open, gain) {
                (genotype, best) = (mutant, Some(found));
            }
        }
        match best {
            Some((_, network)) => {
                network.units().for_each(|unit| _ = open.remove(&unit));
                networks.push(network);
                misses = 0;
            }
            None => misses += 1,
        }
    }
    networks
}

/// The network of a genotype with the number of units in `open` that it holds, where those are more
/// than `gain` and it can be computed.
fn better(
    space: &SearchSpace,
    genotype: &Genotype,
    open: &HashSet<PlacedUnit>,
    gain: usize,
) -> Option<(usize, Network)> {
    let network = space.decode(genotype).ok()?;
    let held: HashSet<PlacedUnit> = network.units().filter(|unit| open.contains(unit)).collect();
    (held.len() > gain && network.lower().is_ok()).then_some((held.len(), network))
}
