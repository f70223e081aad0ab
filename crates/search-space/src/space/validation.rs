//! Validation of a space by sampling: which options are illegal and why, which choices have no
//! effect, and how large the networks are.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use serde::Serialize;

use crate::error::Invalid;
use crate::network::Network;
use crate::space::SearchSpace;
use crate::space::domain::Domain;
use crate::space::genotype::Genotype;

/// Number of genotypes that are drawn.
const SAMPLES: usize = 4_000;
/// Maximum number of legal genotypes whose choices are changed one at a time.
const CHANGED: usize = 1_500;
/// Minimum number of samples for a statement about an option or a pair of options.
const MIN_SAMPLES: usize = 60;
/// Maximum number of legal genotypes in the result.
const SHOWN: usize = 5;
/// Maximum number of starting points of each coordinate descent to the smallest or largest network.
const STARTS: usize = 4;

/// An option of a choice: the position of the choice and the index of the option.
type Place = (usize, u8);

/// What sampling shows about a space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validation {
    /// Number of genotypes that were drawn.
    pub sampled: usize,
    /// Number of drawn genotypes whose networks can be computed.
    pub legal: usize,
    /// Options, and pairs of options, with which no network can be computed.
    pub illegal: Vec<Illegal>,
    /// Choices that do not change the network.
    pub without_effect: Vec<WithoutEffect>,
    /// Sizes of the legal networks, `None` if there is none.
    #[serde(flatten)]
    pub sizes: Option<Sizes>,
    /// Some of the legal networks.
    pub samples: Vec<SampledNetwork>,
}

/// An option, or a pair of options, with which no network can be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Illegal {
    /// The option, such as `stages[1].Family: ShuffleUnitV2`.
    pub place: String,
    /// The other option of an illegal pair, `None` if the first is always illegal.
    pub with: Option<String>,
    /// The error of one such network.
    pub reason: Invalid,
}

/// A choice that does not change the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithoutEffect {
    /// The choice, such as `stages[1].Groups`.
    pub choice: String,
    /// The option of another choice with which it has no effect, `None` if it never has one.
    pub with: Option<String>,
}

/// The sizes of a space's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Multiply-adds.
    pub macs: Span,
    /// Parameters.
    pub params: Span,
}

/// Minimum and maximum, as found by coordinate descent, and the median of sampled networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Minimum.
    pub min: usize,
    /// Median of the sampled networks.
    pub median: usize,
    /// Maximum.
    pub max: usize,
}

/// A sampled network and its costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampledNetwork {
    /// Genotype of the network.
    pub genotype: Genotype,
    /// Parameters.
    pub params: usize,
    /// Multiply-adds.
    pub macs: usize,
}

/// Samples a space and evaluates the samples.
pub fn validate(space: &SearchSpace, rng: &mut impl Rng) -> Validation {
    let domain = space.domain();
    let drawn: Vec<(Genotype, Result<SampledNetwork, Invalid>)> = (0..SAMPLES)
        .map(|_| {
            let genotype = domain.sample(rng);
            let example = example(space, &genotype);
            (genotype, example)
        })
        .collect();
    let legal: Vec<&SampledNetwork> =
        drawn.iter().filter_map(|(_, example)| example.as_ref().ok()).collect();
    let name = names(space);
    Validation {
        sampled: drawn.len(),
        legal: legal.len(),
        illegal: illegal(&drawn, &name),
        without_effect: without_effect(space, &domain, &drawn, &name, rng),
        sizes: sizes(space, &domain, &legal),
        samples: legal.iter().take(SHOWN).map(|example| (*example).clone()).collect(),
    }
}

fn example(space: &SearchSpace, genotype: &Genotype) -> Result<SampledNetwork, Invalid> {
    let cost = space.decode(genotype)?.lower()?.cost();
    Ok(SampledNetwork { genotype: genotype.clone(), params: cost.params, macs: cost.macs })
}

/// A text that identifies a network apart from its name.
fn architecture(network: &Network) -> String {
    format!("{:?}", Network { name: String::new(), ..network.clone() })
}

/// Returns a function that names a place, as in `stages[1].Family: ShuffleUnitV2`.
fn names(space: &SearchSpace) -> impl Fn(Place) -> String {
    let choices = space.choices();
    move |(choice, option)| {
        let choice = &choices[choice];
        format!("{}: {}", choice.name, choice.options[usize::from(option)])
    }
}

fn places(genotype: &Genotype) -> impl Iterator<Item = Place> + Clone {
    genotype.0.iter().copied().enumerate()
}

/// The options all of whose samples are illegal, then such pairs among the samples without any of
/// these options.
fn illegal(
    drawn: &[(Genotype, Result<SampledNetwork, Invalid>)],
    name: &impl Fn(Place) -> String,
) -> Vec<Illegal> {
    /// The number of samples, and the error of one of them if all are illegal.
    type Seen<'a, K> = BTreeMap<K, (usize, Option<&'a Invalid>)>;
    fn count<'a, K: Ord>(
        seen: &mut Seen<'a, K>,
        key: K,
        result: &'a Result<SampledNetwork, Invalid>,
    ) {
        let first = (0, result.as_ref().err());
        let entry = seen.entry(key).or_insert(first);
        entry.0 += 1;
        entry.1 = entry.1.filter(|_| result.is_err());
    }
    fn failing<'a, K: Copy>(seen: &Seen<'a, K>, min_samples: usize) -> Vec<(K, &'a Invalid)> {
        let enough = seen.iter().filter(|(_, (samples, _))| *samples >= min_samples);
        enough.filter_map(|(key, (_, reason))| Some((*key, (*reason)?))).collect()
    }

    let mut alone: Seen<'_, Place> = BTreeMap::new();
    for (genotype, result) in drawn {
        places(genotype).for_each(|place| count(&mut alone, place, result));
    }
    let alone = failing(&alone, MIN_SAMPLES);
    let known: BTreeSet<Place> = alone.iter().map(|(place, _)| *place).collect();
    let unexplained =
        drawn.iter().filter(|(genotype, _)| !places(genotype).any(|place| known.contains(&place)));
    let mut pairs: Seen<'_, (Place, Place)> = BTreeMap::new();
    for (genotype, result) in unexplained {
        for first in places(genotype) {
            let later = places(genotype).filter(|second| second.0 > first.0);
            later.for_each(|second| count(&mut pairs, (first, second), result));
        }
    }
    let single = alone.into_iter().map(|(place, reason)| Illegal {
        place: name(place),
        with: None,
        reason: reason.clone(),
    });
    let double = failing(&pairs, MIN_SAMPLES).into_iter().map(|((first, second), reason)| {
        Illegal { place: name(first), with: Some(name(second)), reason: reason.clone() }
    });
    single.chain(double).collect()
}

/// The choices whose change never changed the network, in all samples or in those with a certain
/// option of another choice.
fn without_effect(
    space: &SearchSpace,
    domain: &Domain,
    drawn: &[(Genotype, Result<SampledNetwork, Invalid>)],
    name: &impl Fn(Place) -> String,
    rng: &mut impl Rng,
) -> Vec<WithoutEffect> {
    // By choice and place: the number of changes of the choice, and how many changed the network.
    let mut samples: BTreeMap<(usize, Option<Place>), (usize, usize)> = BTreeMap::new();
    let network = |genotype: &Genotype| space.decode(genotype).ok().map(|n| architecture(&n));
    for (genotype, _) in drawn.iter().filter(|(_, result)| result.is_ok()).take(CHANGED) {
        let before = network(genotype);
        for (choice, &options) in domain.option_counts().iter().enumerate() {
            let mut other = genotype.clone();
            let step = (rng.next_u32() % u32::from(options.max(2) - 1)) as u8 + 1;
            other.0[choice] = (other.0[choice] + step) % options;
            let changed = usize::from(network(&other) != before);
            let with = places(genotype).filter(|place| place.0 != choice).map(Some);
            for with in with.chain([None]) {
                let entry = samples.entry((choice, with)).or_default();
                *entry = (entry.0 + 1, entry.1 + changed);
            }
        }
    }
    let idle = |choice: usize, with: Option<Place>| {
        samples
            .get(&(choice, with))
            .is_some_and(|&(samples, changed)| samples >= MIN_SAMPLES && changed == 0)
    };
    let choices = space.choices();
    let unless_never = |(choice, with): &&(usize, Option<Place>)| {
        idle(*choice, *with) && (with.is_none() || !idle(*choice, None))
    };
    let found = samples.keys().filter(unless_never);
    found
        .map(|&(choice, with)| WithoutEffect {
            choice: choices[choice].name.clone(),
            with: with.map(name),
        })
        .collect()
}

fn sizes(space: &SearchSpace, domain: &Domain, legal: &[&SampledNetwork]) -> Option<Sizes> {
    let span = |of: &dyn Fn(&SampledNetwork) -> usize| {
        let mut sampled: Vec<usize> = legal.iter().map(|example| of(example)).collect();
        sampled.sort_unstable();
        let median = *sampled.get(sampled.len() / 2)?;
        let end = |sign: f64| {
            let price = |genotype: &Genotype| -> Result<Option<f64>, Invalid> {
                Ok(example(space, genotype).ok().map(|example| sign * of(&example) as f64))
            };
            let descend = |start: &&SampledNetwork| {
                let found =
                    domain.coordinate_descent(&start.genotype, sign * of(start) as f64, &price);
                found.map_or(sign * of(start) as f64, |(min_cost, _)| min_cost)
            };
            sign * legal.iter().take(STARTS).map(descend).fold(f64::INFINITY, f64::min)
        };
        Some(Span { min: end(1.0) as usize, median, max: end(-1.0) as usize })
    };
    Some(Sizes { macs: span(&|example| example.macs)?, params: span(&|example| example.params)? })
}
