//! Domains: what search algorithms see of a space, namely its choices, their options and which
//! combinations of them exist.

use std::collections::HashSet;

use rand::{Rng, RngExt};

use crate::space::genotype::Genotype;

/// A choice, with the text of each option in the text form of a genotype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainChoice {
    /// Place in the space, such as `stages[2].Kernel`.
    pub name: String,
    /// The texts in the order of the options' indices: single digits, or values between separators.
    pub options: Vec<String>,
}

/// The genotypes that a search may propose: all combinations of options, or a list of some of them.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Name of the space or accuracy table.
    pub name: String,
    pub(super) choices: Vec<DomainChoice>,
    option_counts: Vec<u8>,
    groups: Vec<Vec<usize>>,
    /// The texts before, between and after the options in the text form of a genotype; empty if it
    /// is one digit per choice.
    pub(super) separators: Vec<String>,
    members: Option<Members>,
}

#[derive(Clone, Debug)]
struct Members {
    listed: Vec<Genotype>,
    known: HashSet<Genotype>,
}

impl Domain {
    /// Creates the domain of all combinations, whose genotypes are written as one digit per choice.
    /// Each of `groups` has the positions of choices that belong together, such as those of a stage.
    /// A choice has at most 255 options.
    pub fn new(name: String, choices: Vec<DomainChoice>, groups: Vec<Vec<usize>>) -> Self {
        let option_counts = choices.iter().map(|choice| choice.options.len() as u8).collect();
        Self { name, choices, option_counts, groups, separators: Vec::new(), members: None }
    }

    /// Writes genotypes as values between separators, such as `8:64:16`. `separators` are the texts
    /// before the first option, between the options and after the last one. Only the first and
    /// the last may be empty, and no option may contain the separator after it.
    #[must_use]
    pub fn written_between(self, separators: Vec<String>) -> Self {
        Self { separators, ..self }
    }

    /// Restricts the domain to a list of genotypes, which is kept in the order of their indices
    /// whatever the order of `members`. Duplicates are dropped.
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

    /// Number of genotypes, or `u128::MAX` if there are more.
    pub fn size(&self) -> u128 {
        self.members.as_ref().map_or_else(|| self.combinations(), |m| m.listed.len() as u128)
    }

    fn combinations(&self) -> u128 {
        self.option_counts.iter().fold(1, |size: u128, &n| size.saturating_mul(n.into()))
    }

    /// Draws a genotype uniformly.
    pub fn sample(&self, rng: &mut impl Rng) -> Genotype {
        match &self.members {
            Some(Members { listed, .. }) => listed[rng.random_range(0..listed.len())].clone(),
            None => Genotype(self.option_counts.iter().map(|&n| rng.random_range(0..n)).collect()),
        }
    }

    /// Sets one choice of `parent`, drawn uniformly, to another option, drawn uniformly. If the
    /// domain is a list, it may lack the result. Without a choice of more than one option, the
    /// result is `parent`.
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

    /// The genotype itself if the domain has it, otherwise the member that differs from it in the
    /// fewest choices. Of several such members, the first.
    pub fn nearest(&self, genotype: Genotype) -> Genotype {
        let Some(Members { listed, known }) = &self.members else { return genotype };
        if known.contains(&genotype) {
            return genotype;
        }
        let distance =
            |member: &&Genotype| member.0.iter().zip(&genotype.0).filter(|(a, b)| a != b).count();
        listed.iter().min_by_key(distance).cloned().unwrap_or(genotype)
    }

    /// All genotypes in the order of their indices, or `None` if there are more than `max_size`.
    pub fn all(&self, max_size: usize) -> Option<Vec<Genotype>> {
        if self.size() > max_size as u128 {
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

    /// Coordinate descent: changes one choice at a time until no such change lowers the cost.
    /// Returns the lowest cost and its genotype. `cost` returns `None` for genotypes that must not
    /// be chosen.
    ///
    /// # Errors
    /// The first error of `cost`.
    pub fn coordinate_descent<E>(
        &self,
        start: &Genotype,
        start_cost: f64,
        cost: &dyn Fn(&Genotype) -> Result<Option<f64>, E>,
    ) -> Result<(f64, Genotype), E> {
        let (mut min_cost, mut now) = (start_cost, start.clone());
        loop {
            let before = min_cost;
            for (choice, &options) in self.option_counts.iter().enumerate() {
                for option in 0..options {
                    let mut other = now.clone();
                    other.0[choice] = option;
                    if let Some(cost) = cost(&other)?.filter(|&cost| cost < min_cost) {
                        (min_cost, now) = (cost, other);
                    }
                }
            }
            if min_cost == before {
                return Ok((min_cost, now));
            }
        }
    }
}
