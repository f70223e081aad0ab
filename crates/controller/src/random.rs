//! Random number generators that are determined by a seed, a purpose and an index.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What random numbers are used for. Each purpose has its own streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proposals of regularised evolution; the index is the batch.
    Evolution = 1,
    /// Proposals of random search; the index is the batch.
    Random = 2,
    /// Samples of the random search that a search is compared with.
    Comparison = 3,
    /// Random genotypes from which the range of latencies (index 0), the minimum of a cost (1), a
    /// feasible candidate (2) and a network within the limits (3) are found.
    Range = 4,
    /// Proposals of proximal policy optimisation; the index is the batch.
    Ppo = 5,
    /// Initial weights of the controller of proximal policy optimisation.
    PpoWeights = 6,
    /// Proposals of NSGA-II; the index is the batch.
    Nsga2 = 7,
    /// Samples of a space that is being validated.
    Validation = 8,
    /// Widths of the random baseline of an adaptation.
    RandomWidths = 9,
    /// Proposals of the front phase; the index is the batch of that phase.
    Front = 10,
    /// Resamples of a bootstrap.
    Bootstrap = 11,
    /// Random networks that a winner is compared with.
    RandomNetworks = 12,
    /// Proposals of Bayesian optimisation; the index is the batch.
    Bayesian = 16,
}

/// The generator for `(seed, purpose, index)`, which is the same on every machine.
pub fn rng(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 48) | index);
    rng
}
