//! Genotypes: one option index for each choice of a search space.

use std::fmt::{self, Display, Formatter};

use rand::Rng;
use serde::{Serialize, Serializer};

use crate::error::Invalid;
use crate::space::domain::{Domain, DomainChoice};
use crate::space::{SearchSpace, SpaceChoice};

/// A point of a search space: one index for each choice with more than one option, stage by stage
/// in the order of the file, then for resolution and width. The text form has one base-36 digit per
/// index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Genotype(pub Vec<u8>);

/// Serialises as the text form.
impl Serialize for Genotype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Display for Genotype {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&index| {
            let digit = char::from_digit(u32::from(index), 36).unwrap_or('?');
            write!(f, "{digit}")
        })
    }
}

impl SearchSpace {
    /// The domain of the space for search algorithms.
    pub fn domain(&self) -> Domain {
        let digit = |index: u32| char::from_digit(index, 36).map(|digit| digit.to_string());
        let digits = |options: usize| (0..options as u32).filter_map(digit);
        let choice = |SpaceChoice { name, options }| DomainChoice {
            name,
            options: digits(options.len()).collect(),
        };
        let choices = self.choices().into_iter().map(choice).collect();
        Domain::new(self.name.clone(), choices, self.choice_groups())
    }

    /// Parses the text form of a genotype.
    ///
    /// # Errors
    /// The number of digits is wrong, or a choice has no option with the digit.
    pub fn parse_genotype(&self, text: &str) -> Result<Genotype, Invalid> {
        self.domain().parse(text)
    }

    /// Draws a genotype uniformly, each choice independently.
    pub fn sample(&self, rng: &mut impl Rng) -> Genotype {
        self.domain().sample(rng)
    }

    /// Mutates a genotype as [`Domain::mutate`] does.
    pub fn mutate(&self, parent: &Genotype, rng: &mut impl Rng) -> Genotype {
        self.domain().mutate(parent, rng)
    }
}
