//! What search algorithms see of a space: choices with options, and which combinations there are.

use std::collections::HashSet;

use rand::{Rng, RngExt};

use crate::error::Invalid;
use crate::space::genotype::Genotype;

/// A choice, with the digit that stands for each option in a genotype's text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainChoice {
    /// Where it stands: `stages[2].Kernel`.
    pub name: String,
    /// In the order of the options' indices.
    pub digits: Vec<char>,
}

/// The genotypes that a search may propose: all combinations of the choices' options, or a list of
/// them.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Of the space or table.
    pub name: String,
    choices: Vec<DomainChoice>,
    option_counts: Vec<u8>,
    groups: Vec<Vec<usize>>,
    members: Option<Members>,
}

#[derive(Clone, Debug)]
struct Members {
    listed: Vec<Genotype>,
    known: HashSet<Genotype>,
}

impl Domain {
    /// All combinations. `groups` are the positions of choices that belong together, such as those
    /// of a stage.
    pub fn new(name: String, choices: Vec<DomainChoice>, groups: Vec<Vec<usize>>) -> Self {
        let option_counts = choices.iter().map(|choice| choice.digits.len() as u8).collect();
        Self { name, choices, option_counts, groups, members: None }
    }

    /// Only these combinations, in the order of their indices whatever order they come in.
    #[must_use]
    pub fn restricted_to(self, members: impl IntoIterator<Item = Genotype>) -> Self {
        let known: HashSet<Genotype> = members.into_iter().collect();
        let mut listed: Vec<Genotype> = known.iter().cloned().collect();
        listed.sort_unstable();
        let all = listed.len() as u128 == self.combinations();
        Self { members: (!all).then_some(Members { listed, known }), ..self }
    }

    /// Number of options of each choice, in the order of genotypes.
    pub fn option_counts(&self) -> &[u8] {
        &self.option_counts
    }

    /// The positions of choices that belong together.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }

    /// Number of genotypes; the greatest number where there are more.
    pub fn size(&self) -> u128 {
        self.members.as_ref().map_or_else(|| self.combinations(), |m| m.listed.len() as u128)
    }

    fn combinations(&self) -> u128 {
        self.option_counts.iter().fold(1, |size: u128, &n| size.saturating_mul(n.into()))
    }

    /// A genotype drawn uniformly.
    pub fn sample(&self, rng: &mut impl Rng) -> Genotype {
        match &self.members {
            Some(Members { listed, .. }) => listed[rng.random_range(0..listed.len())].clone(),
            None => Genotype(self.option_counts.iter().map(|&n| rng.random_range(0..n)).collect()),
        }
    }

    /// `parent` with one choice, drawn uniformly, set to another option, drawn uniformly; not always
    /// a genotype of a list. The parent itself where there is no choice.
    pub fn mutate(&self, parent: &Genotype, rng: &mut impl Rng) -> Genotype {
        let open = self.option_counts.iter().filter(|&&options| options > 1).count();
        let mut child = parent.clone();
        if open > 0 {
            let drawn = rng.random_range(0..open);
            let real = self.option_counts.iter().enumerate().filter(|(_, options)| **options > 1);
            if let Some((choice, &options)) = real.into_iter().nth(drawn) {
                let other = rng.random_range(0..options - 1);
                child.0[choice] = if other >= child.0[choice] { other + 1 } else { other };
            }
        }
        child
    }

    /// The genotype itself, or of a list the member that differs from it in the fewest choices; of
    /// several the first.
    pub fn nearest(&self, genotype: Genotype) -> Genotype {
        let Some(Members { listed, known }) = &self.members else { return genotype };
        if known.contains(&genotype) {
            return genotype;
        }
        let distance =
            |member: &&Genotype| member.0.iter().zip(&genotype.0).filter(|(a, b)| a != b).count();
        listed.iter().min_by_key(distance).cloned().unwrap_or(genotype)
    }

    /// All genotypes in the order of their indices; None where there are more than `most`.
    pub fn all(&self, most: usize) -> Option<Vec<Genotype>> {
        if self.size() > most as u128 {
            return None;
        }
        if let Some(Members { listed, .. }) = &self.members {
            return Some(listed.clone());
        }
        let mut all = vec![Vec::new()];
        for &options in &self.option_counts {
            let longer = |start: &Vec<u8>| {
                let start = start.clone();
                (0..options).map(move |option| [&start[..], &[option]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        Some(all.into_iter().map(Genotype).collect())
    }

    /// Coordinate descent: the least cost that is reached by changing one choice at a time, and the
    /// genotype that has it. `cost` gives `None` for genotypes that are not allowed.
    ///
    /// # Errors
    /// The first error of `cost`.
    pub fn coordinate_descent<E>(
        &self,
        start: &Genotype,
        start_cost: f64,
        cost: &dyn Fn(&Genotype) -> Result<Option<f64>, E>,
    ) -> Result<(f64, Genotype), E> {
        let (mut least, mut now) = (start_cost, start.clone());
        loop {
            let before = least;
            for (choice, &options) in self.option_counts.iter().enumerate() {
                for option in 0..options {
                    let mut other = now.clone();
                    other.0[choice] = option;
                    if let Some(cost) = cost(&other)?.filter(|&cost| cost < least) {
                        (least, now) = (cost, other);
                    }
                }
            }
            if least == before {
                return Ok((least, now));
            }
        }
    }

    /// A genotype's text form.
    pub fn text(&self, genotype: &Genotype) -> String {
        let digit = |(choice, &index): (&DomainChoice, &u8)| choice.digits[usize::from(index)];
        self.choices.iter().zip(&genotype.0).map(digit).collect()
    }

    /// Reads a genotype's text form.
    ///
    /// # Errors
    /// The wrong number of digits, or a digit that a choice does not have. Whether a list has the
    /// genotype is not looked at.
    pub fn parse(&self, text: &str) -> Result<Genotype, Invalid> {
        if text.chars().count() != self.choices.len() {
            let found = format!("{} digits in {text}", text.chars().count());
            let choices = self.choices.len();
            let expected = format!("{choices} digits, one for each choice of {}", self.name);
            return Err(Invalid::new("genotype", found, expected));
        }
        let index = |(digit, choice): (char, &DomainChoice)| {
            let index = choice.digits.iter().position(|&known| known == digit);
            index.map(|index| index as u8).ok_or_else(|| {
                let place = format!("genotype {text}, {}", choice.name);
                Invalid::new(place, digit, allowed_digits(&choice.digits))
            })
        };
        text.chars().zip(&self.choices).map(index).collect::<Result<_, _>>().map(Genotype)
    }
}

/// `0 to 3`, or a list where digits are missing.
fn allowed_digits(digits: &[char]) -> String {
    let counting = (0..).zip(digits).all(|(n, &digit)| char::from_digit(n, 36) == Some(digit));
    match digits {
        [first, .., last] if counting => format!("{first} to {last}"),
        _ => digits.iter().map(char::to_string).collect::<Vec<_>>().join(", "),
    }
}
