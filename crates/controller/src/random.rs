//! Random numbers that depend on nothing but a seed, a purpose and an index.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What random numbers are for. Each purpose has streams of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Batches of evolution.
    Evolution = 1,
    /// Batches of random search.
    Random = 2,
    /// The random search that a search is compared with.
    Comparison = 3,
    /// The space's range.
    Range = 4,
    /// Batches of proximal policy optimisation.
    Ppo = 5,
    /// Initial weights of its controller.
    PpoWeights = 6,
    /// Batches of NSGA-II.
    Nsga2 = 7,
    /// Samples of a space that is validated.
    Validation = 8,
    /// Widths of an adaptation's random baseline.
    RandomWidths = 9,
}

/// The generator of `(seed, purpose, index)`, on every machine the same.
pub fn rng(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 48) | index);
    rng
}
