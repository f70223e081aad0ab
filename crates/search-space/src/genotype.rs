//! One index for each choice of a search space.

use std::fmt::{self, Display, Formatter};

use rand::{Rng, RngExt};

use crate::error::Invalid;
use crate::space::{SearchSpace, SpaceChoice};

/// A point of a search space: one index per choice that has more than one option, stage by stage in
/// file order, then resolution and width. Text form: one base-36 digit each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Genotype(pub Vec<u8>);

impl Display for Genotype {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&index| {
            let digit = char::from_digit(u32::from(index), 36).unwrap_or('?');
            write!(f, "{digit}")
        })
    }
}

impl SearchSpace {
    /// Reads a genotype's text form.
    ///
    /// # Errors
    /// The wrong number of digits, or a digit beyond a choice's options.
    pub fn parse_genotype(&self, text: &str) -> Result<Genotype, Invalid> {
        let choices = self.choices();
        if text.chars().count() != choices.len() {
            let found = format!("{} digits in {text}", text.chars().count());
            let allowed = format!("{} digits, one for each choice of {}", choices.len(), self.name);
            return Err(Invalid::new("genotype", found, allowed));
        }
        let index = |(digit, choice): (char, &SpaceChoice)| {
            let options = choice.options.len();
            digit.to_digit(36).filter(|&i| (i as usize) < options).map(|i| i as u8).ok_or_else(
                || {
                    let place = format!("genotype {text}, {}", choice.name);
                    Invalid::new(place, digit, format!("0 to {}", options - 1))
                },
            )
        };
        text.chars().zip(&choices).map(index).collect::<Result<_, _>>().map(Genotype)
    }

    /// A genotype drawn uniformly, each choice on its own.
    pub fn sample(&self, rng: &mut impl Rng) -> Genotype {
        Genotype(self.option_counts().iter().map(|&n| rng.random_range(0..n)).collect())
    }

    /// `parent` with one choice, drawn uniformly, set to another option, drawn uniformly. The
    /// parent itself where the space has no choice.
    pub fn mutate(&self, parent: &Genotype, rng: &mut impl Rng) -> Genotype {
        let counts = self.option_counts();
        let mut child = parent.clone();
        if !counts.is_empty() {
            let choice = rng.random_range(0..counts.len());
            let other = rng.random_range(0..counts[choice] - 1);
            child.0[choice] = if other >= child.0[choice] { other + 1 } else { other };
        }
        child
    }
}
