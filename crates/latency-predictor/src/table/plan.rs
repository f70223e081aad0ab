//! Plans the networks in which the blocks of a table are measured: rounds that each contain every
//! block.

use std::collections::{HashMap, HashSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use search_space::{Genotype, Network, PlacedUnit, SearchSpace};
use serde::{Deserialize, Serialize};

/// Which blocks of a space are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeasuredWidths {
    /// All of them.
    #[default]
    All,
    /// Those from which all others can be interpolated, if these are less than half, and else all.
    Subset,
}

/// Settings of a build, which determine how thoroughly a table is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildSettings {
    /// Number of rounds. Each block is measured at least once in each of them, and so in at least
    /// as many networks, which are spread over the whole build.
    pub rounds: usize,
    /// Number of timed runs of each network.
    pub runs: usize,
    /// Seed of the random choice of networks.
    pub seed: u64,
    /// Which blocks are measured. Tables of early versions have all of them.
    #[serde(default)]
    pub widths: MeasuredWidths,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self { rounds: 6, runs: 8, seed: 0, widths: MeasuredWidths::Subset }
    }
}

/// The networks of a build in the order in which they are measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Networks of each round in random order. Every round contains all blocks but the uncovered
    /// ones.
    pub rounds: Vec<Vec<Network>>,
    /// Blocks for which no network was found: combinations that cannot be computed with any other
    /// choices of the space.
    pub uncovered: Vec<PlacedUnit>,
}

/// Number of attempts to improve a random genotype by mutation.
const MUTATIONS: usize = 96;
/// Number of consecutive random genotypes without a block that is still open after which a round is ended.
const MISSES: usize = 10_000;

/// Greedily chooses networks of `space` that contain the units `wanted`. The result depends on the
/// arguments only.
pub fn plan(space: &SearchSpace, wanted: &[PlacedUnit], settings: &BuildSettings) -> Plan {
    let mut rounds = Vec::new();
    let mut uncovered: HashSet<PlacedUnit> = HashSet::new();
    for round in 0..settings.rounds {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(round as u64);
        let wanted: Vec<PlacedUnit> =
            wanted.iter().copied().filter(|unit| !uncovered.contains(unit)).collect();
        let (mut networks, open) = cover(space, &wanted, &mut rng);
        networks.shuffle(&mut rng);
        rounds.push(networks);
        uncovered.extend(open);
    }
    let uncovered = wanted.iter().copied().filter(|unit| uncovered.contains(unit)).collect();
    Plan { rounds, uncovered }
}

/// Networks that together contain the units `wanted`, and those of these for which none is found.
fn cover(
    space: &SearchSpace,
    wanted: &[PlacedUnit],
    rng: &mut ChaCha8Rng,
) -> (Vec<Network>, HashSet<PlacedUnit>) {
    let mut search = Cover { space, open: wanted.iter().copied().collect(), seen: HashMap::new() };
    let mut networks = Vec::new();
    let mut misses = 0;
    while !search.open.is_empty() && misses < MISSES {
        // Random genotypes hardly ever have the last blocks, but some were seen with them.
        let seen = wanted.iter().find_map(|unit| {
            let is_open = search.open.contains(unit);
            search.seen.get(unit).filter(|_| is_open && misses > 0).cloned()
        });
        let mut genotype = seen.unwrap_or_else(|| space.sample(rng));
        let mut best = search.better(&genotype, 0);
        for _ in 0..MUTATIONS {
            let Some((gain, _)) = best else { break };
            let mutant = space.mutate(&genotype, rng);
            // Equally good ones are taken too, from which better ones may be reached.
            if let Some(found) = search.better(&mutant, gain - 1) {
                (genotype, best) = (mutant, Some(found));
            }
        }
        match best {
            Some((_, network)) => {
                network.units().for_each(|unit| _ = search.open.remove(&unit));
                networks.push(network);
                misses = 0;
            }
            None => misses += 1,
        }
    }
    (networks, search.open)
}

/// The units that are still to be covered.
struct Cover<'a> {
    space: &'a SearchSpace,
    open: HashSet<PlacedUnit>,
    /// For units, the first genotype that was found with them.
    seen: HashMap<PlacedUnit, Genotype>,
}

impl Cover<'_> {
    /// The network of a genotype and the number of open units that it contains. `None` if the number
    /// is not above `gain` or the network cannot be computed.
    fn better(&mut self, genotype: &Genotype, gain: usize) -> Option<(usize, Network)> {
        let network = self.space.decode(genotype).ok()?;
        let open: HashSet<PlacedUnit> =
            network.units().filter(|unit| self.open.contains(unit)).collect();
        let is_new = open.iter().any(|unit| !self.seen.contains_key(unit));
        if open.len() <= gain && !is_new || network.lower().is_err() {
            return None;
        }
        for unit in &open {
            self.seen.entry(*unit).or_insert_with(|| genotype.clone());
        }
        (open.len() > gain).then_some((open.len(), network))
    }
}
