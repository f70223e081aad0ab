//! Crossover and mutation: how offspring are made from parents.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};
use search_space::{Domain, Genotype};

/// The share of offspring with two parents, which are combined stage by stage.
const CROSSOVER: f64 = 0.5;
/// The probability of each further mutation. A pair of changes can make one stage cheaper and
/// another better, which no single change can do near the target.
const FURTHER_MUTATION: f64 = 0.5;
/// The share of mutations that draw a whole stage anew, since its choices depend on each other.
const STAGE_MUTATION: f64 = 0.3;

/// An offspring of one or two parents: whole stages of the second parent, then one or more
/// mutations.
pub(crate) fn make_offspring<'a>(
    domain: &Domain,
    mut parent: impl FnMut(&mut ChaCha8Rng) -> &'a Genotype,
    rng: &mut ChaCha8Rng,
) -> Genotype {
    let mut child = parent(rng).clone();
    if rng.random_bool(CROSSOVER) {
        let other = parent(rng);
        for group in domain.groups() {
            if rng.random_bool(0.5) {
                group.iter().for_each(|&choice| child.0[choice] = other.0[choice]);
            }
        }
    }
    mutate(domain, &mut child, rng);
    child
}

fn mutate(domain: &Domain, child: &mut Genotype, rng: &mut impl Rng) {
    let groups = domain.groups();
    loop {
        if !groups.is_empty() && rng.random_bool(STAGE_MUTATION) {
            let fresh = domain.sample(rng);
            let group = &groups[rng.random_range(0..groups.len())];
            group.iter().for_each(|&choice| child.0[choice] = fresh.0[choice]);
        } else {
            *child = domain.mutate(child, rng);
        }
        if !rng.random_bool(FURTHER_MUTATION) {
            return;
        }
    }
}
