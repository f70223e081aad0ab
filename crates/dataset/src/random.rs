//! Random numbers that depend on a seed, a purpose, an epoch and an index, and on nothing else: not
//! on threads, and not on the numbers drawn before.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What random numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The order of an epoch's samples.
    Order = 1,
    /// The augmentation of a sample.
    Augment = 2,
    /// A procedural training image.
    ShapesTrain = 3,
    /// A procedural test image.
    ShapesTest = 4,
}

pub(crate) fn rng(seed: u64, purpose: Purpose, epoch: u64, index: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (part, value) in bytes.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, index]) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}
