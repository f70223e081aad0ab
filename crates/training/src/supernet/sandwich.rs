//! The sandwich rule: every update trains the largest and the smallest network of the space (Yu and
//! Huang, arXiv 1903.05134, section 3.1; BigNAS, arXiv 2003.11142, section 3.1).

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use search_space::{Genotype, SearchSpace};

use crate::error::TrainingError;

/// Number of paths in an update besides the largest and the smallest network.
const RANDOM: usize = 2;
/// Number of paths in an update.
pub(super) const PATHS: usize = 2 + RANDOM;
/// The most draws for a random path that can be computed.
const DRAWS: usize = 1_000;
/// Number of rounds over all choices in which the extremes are sought. The cost of an option hardly
/// depends on the other choices, so that the second round seldom changes anything.
const ROUNDS: usize = 2;

/// The networks of a space with the most and the fewest multiply-adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extremes {
    pub(super) largest: Genotype,
    pub(super) smallest: Genotype,
}

impl Extremes {
    /// Finds them by setting one choice after another to its best option.
    ///
    /// # Errors
    /// As of [`sandwich_paths_of`].
    pub(super) fn of(space: &SearchSpace) -> Result<Self, TrainingError> {
        let start = random_paths(space, 0, 0, 1)?.remove(0);
        let extreme = |better: fn(u64, u64) -> bool| {
            let mut best = start.clone();
            let mut best_macs = macs(space, &best).unwrap_or(0);
            for _ in 0..ROUNDS {
                for (choice, &options) in space.option_counts().iter().enumerate() {
                    for option in 0..options {
                        let mut other = best.clone();
                        other.0[choice] = option;
                        if let Some(macs) = macs(space, &other)
                            && better(macs, best_macs)
                        {
                            (best, best_macs) = (other, macs);
                        }
                    }
                }
            }
            best
        };
        Ok(Self { largest: extreme(|a, b| a > b), smallest: extreme(|a, b| a < b) })
    }
}

/// The largest network, the smallest one, and two random ones. The same seed and number of the update
/// give the same paths.
///
/// # Errors
/// [`TrainingError::Invalid`] or [`TrainingError::Setting`]: a space in which hardly any networks can be
/// computed.
pub(super) fn sandwich_paths_of(
    space: &SearchSpace,
    extremes: &Extremes,
    seed: u64,
    update: u64,
) -> Result<Vec<Genotype>, TrainingError> {
    let Extremes { largest, smallest } = extremes.clone();
    let mut paths = vec![largest, smallest];
    paths.extend(random_paths(space, seed, update, RANDOM)?);
    Ok(paths)
}

fn random_paths(
    space: &SearchSpace,
    seed: u64,
    update: u64,
    count: usize,
) -> Result<Vec<Genotype>, TrainingError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(update);
    let draws = std::iter::repeat_with(|| space.sample(&mut rng)).take(DRAWS);
    let legal = draws.filter(|path| macs(space, path).is_some());
    let paths: Vec<Genotype> = legal.take(count).collect();
    if paths.len() < count {
        let found = format!("{}, few of whose networks can be computed", space.name);
        let expected = "a space whose options go together";
        return Err(TrainingError::setting("space", &found, expected));
    }
    Ok(paths)
}

/// The multiply-adds of a network; `None` if it cannot be computed.
fn macs(space: &SearchSpace, genotype: &Genotype) -> Option<u64> {
    let network = space.decode(genotype).ok()?;
    network.lower().ok().map(|graph| graph.cost().macs as u64)
}
