//! Search algorithms behind one ask/tell interface. They keep no state on disk: resume tells them
//! the stored trials again.

mod evolution;

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use search_space::{Genotype, Network, SearchSpace};

use crate::random::{Purpose, rng};
use crate::trial::{Half, Trial};
use evolution::Evolution;

/// Genotypes asked for at a time. Fixed, so that a study does not depend on the number of jobs.
pub const BATCH: usize = 20;

/// Draws for each genotype asked for, before a batch stays short.
const DRAWS: usize = 100;

/// How genotypes are proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Regularised evolution (Real et al. 2019, Algorithm 1) with crossover.
    Evolution,
    /// Uniform sampling.
    Random,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Evolution, Self::Random];
}

impl Display for Algorithm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Evolution => "evolution",
            Algorithm::Random => "random",
        })
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|algorithm| algorithm.to_string() == text);
        known.ok_or_else(|| format!("found {text}; allowed: evolution, random"))
    }
}

/// A running algorithm.
pub struct Searcher<'a> {
    space: &'a SearchSpace,
    seed: u64,
    batches: u64,
    seen: HashSet<Genotype>,
    state: State,
}

enum State {
    Evolution(Evolution),
    Random,
}

impl<'a> Searcher<'a> {
    /// An algorithm that was told nothing yet.
    pub fn new(algorithm: Algorithm, space: &'a SearchSpace, seed: u64) -> Self {
        let state = match algorithm {
            Algorithm::Evolution => State::Evolution(Evolution::default()),
            Algorithm::Random => State::Random,
        };
        Self { space, seed, batches: 0, seen: HashSet::new(), state }
    }

    /// The next genotypes, none of which was asked for before and all of which `accept` takes; fewer
    /// than `count` where there are hardly any left. `score` of the half that they are for decides
    /// what is bred.
    ///
    /// # Errors
    /// The first error of `accept`.
    pub fn ask<E>(
        &mut self,
        count: usize,
        score: &dyn Fn(&Trial) -> f64,
        accept: &dyn Fn(&Network) -> Result<bool, E>,
    ) -> Result<Vec<Genotype>, E> {
        let purpose = match self.state {
            State::Evolution(_) => Purpose::Evolution,
            State::Random => Purpose::Random,
        };
        let mut rng = rng(self.seed, purpose, self.batches);
        self.batches += 1;
        let mut batch = Vec::new();
        for _ in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let genotype = match &self.state {
                State::Evolution(evolution) => evolution.propose(self.space, score, &mut rng),
                State::Random => self.space.sample(&mut rng),
            };
            if self.seen.contains(&genotype) {
                continue;
            }
            let network = self.space.decode(&genotype).ok().filter(|n| n.lower().is_ok());
            if let Some(network) = network
                && accept(&network)?
            {
                self.seen.insert(genotype.clone());
                batch.push(genotype);
            }
        }
        Ok(batch)
    }

    /// The evaluated batch, in the order in which it was asked for.
    pub fn tell(&mut self, trials: &[Trial]) {
        if let State::Evolution(evolution) = &mut self.state {
            trials.iter().for_each(|trial| evolution.tell(trial.clone()));
        }
    }

    /// A new half begins: what is bred from is chosen anew from the whole pool.
    pub fn begin(&mut self, half: Half, score: &dyn Fn(&Trial) -> f64) {
        if let (State::Evolution(evolution), Half::Target) = (&mut self.state, half) {
            evolution.reselect(score);
        }
    }
}
