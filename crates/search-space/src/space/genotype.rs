//! One index for each choice of a search space.

use std::fmt::{self, Display, Formatter};

use rand::Rng;
use serde::{Serialize, Serializer};

use crate::error::Invalid;
use crate::space::domain::{Domain, DomainChoice};
use crate::space::{SearchSpace, SpaceChoice};

/// A point of a search space: one index per choice that has more than one option, stage by stage in
/// file order, then resolution and width. Text form: one base-36 digit each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Genotype(pub Vec<u8>);

/// As its text form.
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
    /// What search algorithms see of the space.
    pub fn domain(&self) -> Domain {
        let digits = |options: usize| (0..options as u32).filter_map(|i| char::from_digit(i, 36));
        let choice = |SpaceChoice { name, options }| DomainChoice {
            name,
            digits: digits(options.len()).collect(),
        };
        let choices = self.choices().into_iter().map(choice).collect();
        Domain::new(self.name.clone(), choices, self.choice_groups())
    }

    /// Reads a genotype's text form.
    ///
    /// # Errors
    /// The wrong number of digits, or a digit beyond a choice's options.
    pub fn parse_genotype(&self, text: &str) -> Result<Genotype, Invalid> {
        self.domain().parse(text)
    }

    /// A genotype drawn uniformly, each choice on its own.
    pub fn sample(&self, rng: &mut impl Rng) -> Genotype {
        self.domain().sample(rng)
    }

    /// As [`Domain::mutate`].
    pub fn mutate(&self, parent: &Genotype, rng: &mut impl Rng) -> Genotype {
        self.domain().mutate(parent, rng)
    }
}
