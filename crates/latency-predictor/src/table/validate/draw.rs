//! Random networks of a space whose latencies are known, drawn evenly over the range of latencies.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, Network, NetworkCost, PlacedUnit, SearchSpace};

use crate::table::Table;

/// A random network with its predicted latency and its costs.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnNetwork {
    /// The genotype in its space.
    pub genotype: Genotype,
    /// The network of the genotype.
    pub network: Network,
    /// The sum of its blocks in milliseconds, at the level of the build.
    pub built_ms: f64,
    /// Its parameters, multiply-adds and memory access cost.
    pub cost: NetworkCost,
}

/// A space has too few networks that a table predicts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {found} networks of {space} whose blocks the table has and that are no anchors; expected: at \
     least {expected}"
)]
pub struct TooFewNetworks {
    /// Name of the space.
    pub space: String,
    /// Number of networks that were found.
    pub found: usize,
    /// Number of networks that were asked for.
    pub expected: usize,
}

/// Draws `count` distinct networks of `space`, fastest first, that are spread evenly over the
/// logarithm of predicted latency. All of their blocks are measured in `table`, or interpolated, so
/// that none is measured to predict them. Anchors are left out, as the level of predictions is
/// theirs. The result depends on the arguments only.
///
/// # Errors
/// The space does not have so many such networks, or too few were found.
pub fn draw_networks(
    table: &Table,
    space: &SearchSpace,
    count: usize,
    seed: u64,
) -> Result<Vec<DrawnNetwork>, TooFewNetworks> {
    let mut table = table.clone();
    table.interpolate_missing(&space.units());
    let predict_ms = |network: &Network| table.predict_ms(network).ok();
    let mut pool = Pool::new(space, &predict_ms);
    pool.seen = table.anchors.iter().map(|anchor| anchor.network.units().collect()).collect();
    pool.fill(MIN_POOL.max(PER_NETWORK * count), &mut ChaCha8Rng::seed_from_u64(seed));
    let found = pool.networks.len();
    if found < count {
        return Err(TooFewNetworks { space: space.name.clone(), found, expected: count });
    }
    Ok(evenly(pool.networks, count))
}

/// Up to `count` distinct random networks of `space` for which `predict_ms` returns a latency.
pub(crate) fn random_networks(
    space: &SearchSpace,
    count: usize,
    seed: u64,
    predict_ms: &dyn Fn(&Network) -> Option<f64>,
) -> Vec<DrawnNetwork> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pool = Pool::new(space, predict_ms);
    for _ in 0..MAX_IDLE * count {
        if pool.networks.len() == count {
            break;
        }
        _ = pool.add(space.sample(&mut rng));
    }
    pool.networks
}

/// The number of networks from which those of a validation are chosen.
const MIN_POOL: usize = 1_000;
const PER_NETWORK: usize = 20;
/// Spaces with at most so many genotypes are enumerated.
const ENUMERABLE: usize = 4_096;
/// Number of mutations of a random genotype towards one end of the range. About every fifth one leads
/// on.
const MUTATIONS: usize = 150;
/// Number of random genotypes in a row without another network after which there are no more.
const MAX_IDLE: usize = 100;

/// Distinct networks of a space with known latencies.
struct Pool<'a> {
    space: &'a SearchSpace,
    predict_ms: &'a dyn Fn(&Network) -> Option<f64>,
    /// The units of networks that are not added, or not again: several genotypes may have the same
    /// network.
    seen: HashSet<Vec<PlacedUnit>>,
    networks: Vec<DrawnNetwork>,
}

impl<'a> Pool<'a> {
    fn new(space: &'a SearchSpace, predict_ms: &'a dyn Fn(&Network) -> Option<f64>) -> Self {
        Self { space, predict_ms, seen: HashSet::new(), networks: Vec::new() }
    }

    /// Adds random networks and, since these are of middling latency, networks on the way from each
    /// of them to the fastest and the slowest ones.
    fn fill(&mut self, count: usize, rng: &mut ChaCha8Rng) {
        if let Some(all) = self.space.domain().all(ENUMERABLE) {
            all.into_iter().for_each(|genotype| _ = self.add(genotype));
            return;
        }
        let mut idle = 0;
        while self.networks.len() < count && idle < MAX_IDLE {
            let before = self.networks.len();
            let start = self.space.sample(rng);
            if let Some(start_ms) = self.add(start.clone()) {
                self.walk(&start, start_ms, |ms, than_ms| ms < than_ms, rng);
                self.walk(&start, start_ms, |ms, than_ms| ms > than_ms, rng);
            }
            idle = if self.networks.len() > before { 0 } else { idle + 1 };
        }
    }

    /// Adds networks that mutation reaches in steps, each further on than the one before.
    fn walk(
        &mut self,
        start: &Genotype,
        start_ms: f64,
        is_further: fn(f64, f64) -> bool,
        rng: &mut ChaCha8Rng,
    ) {
        let (mut now, mut now_ms) = (start.clone(), start_ms);
        for _ in 0..MUTATIONS {
            let next = self.space.mutate(&now, rng);
            let ms = self.predict(&next).map(|(_, ms)| ms);
            if ms.is_some_and(|ms| is_further(ms, now_ms))
                && let Some(ms) = self.add(next.clone())
            {
                (now, now_ms) = (next, ms);
            }
        }
    }

    fn predict(&self, genotype: &Genotype) -> Option<(Network, f64)> {
        let network = self.space.decode(genotype).ok()?;
        let ms = (self.predict_ms)(&network)?;
        Some((network, ms))
    }

    /// Adds the network of a genotype unless it is there. Returns its predicted latency, or `None` if
    /// it cannot be computed or predicted.
    fn add(&mut self, genotype: Genotype) -> Option<f64> {
        let (network, built_ms) = self.predict(&genotype)?;
        let cost = network.lower().ok()?.cost();
        if self.seen.insert(network.units().collect()) {
            self.networks.push(DrawnNetwork { genotype, network, built_ms, cost });
        }
        Some(built_ms)
    }
}

/// The networks that are nearest to places that are evenly spaced in log latency, fastest first.
fn evenly(mut networks: Vec<DrawnNetwork>, count: usize) -> Vec<DrawnNetwork> {
    let log = |network: &DrawnNetwork| network.built_ms.ln();
    networks.sort_by(|a, b| a.built_ms.total_cmp(&b.built_ms));
    let Some((least, most)) = networks.first().map(log).zip(networks.last().map(log)) else {
        return networks;
    };
    let mut drawn = Vec::with_capacity(count);
    for index in 0..count {
        let wanted = least + (most - least) * index as f64 / count.saturating_sub(1).max(1) as f64;
        let distance = |place: &usize| (log(&networks[*place]) - wanted).abs();
        let nearest = (0..networks.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        drawn.extend(nearest.map(|place| networks.remove(place)));
    }
    drawn.sort_by(|a, b| a.built_ms.total_cmp(&b.built_ms));
    drawn
}
