//! Strict fairness: the paths of an update use all options of a choice equally often (FairNAS, arXiv
//! 1907.01845, section 3.3).

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use search_space::{Genotype, SearchSpace};

use crate::error::TrainingError;

/// The most draws for an update without a network that cannot be computed.
const DRAWS: usize = 1_000;

/// The paths of an update: as many as the longest list has options. The options of each choice are
/// shuffled, and a shorter list repeats its permutation, so that no option of a choice is used more
/// than once more often than another one. If a network of them is not `legal`, all paths are drawn
/// again; `None` if that does not help. The same seed and number of the update give the same paths.
pub fn strictly_fair_paths(
    option_counts: &[u8],
    seed: u64,
    update: u64,
    legal: impl Fn(&Genotype) -> bool,
) -> Option<Vec<Genotype>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(update);
    let draws = std::iter::repeat_with(|| draw(option_counts, &mut rng)).take(DRAWS);
    draws.into_iter().find(|paths| paths.iter().all(&legal))
}

/// The paths of an update of a space's supernet.
///
/// # Errors
/// [`TrainingError::Invalid`]: a network that cannot be computed, if no update without such a
/// network was drawn; [`TrainingError::Setting`] if it is not known which one.
pub(super) fn fair_paths_of(
    space: &SearchSpace,
    seed: u64,
    update: u64,
) -> Result<Vec<Genotype>, TrainingError> {
    let counts = space.option_counts();
    let lowered = |path: &Genotype| space.decode(path).and_then(|network| network.lower());
    let legal = |path: &Genotype| lowered(path).is_ok();
    if let Some(paths) = strictly_fair_paths(&counts, seed, update, legal) {
        return Ok(paths);
    }
    lowered(&Genotype(vec![0; counts.len()]))?;
    let found = format!("{}, few of whose networks can be computed", space.name);
    let expected = "a space whose options go together, for strictly fair paths";
    Err(TrainingError::setting("space", &found, expected))
}

fn draw(option_counts: &[u8], rng: &mut ChaCha8Rng) -> Vec<Genotype> {
    let paths = usize::from(option_counts.iter().copied().max().unwrap_or(1));
    let permutation = |&options: &u8| {
        let mut permutation: Vec<u8> = (0..options).collect();
        permutation.shuffle(rng);
        permutation
    };
    let permutations: Vec<Vec<u8>> = option_counts.iter().map(permutation).collect();
    let path = |path: usize| Genotype(permutations.iter().map(|p| p[path % p.len()]).collect());
    (0..paths).map(path).collect()
}
