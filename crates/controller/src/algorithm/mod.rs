//! Search algorithms behind one ask/tell interface. They keep no state on disk: resume tells them
//! the stored trials again.

mod breed;
mod evolution;
mod kind;
pub mod nsga2;
pub mod ppo;

use std::collections::HashSet;

use rand::seq::SliceRandom;
use search_space::Genotype;
use search_space::domain::Domain;

use crate::random::{Purpose, rng};
use crate::trial::Trial;
use evolution::Evolution;
pub use kind::Algorithm;
use nsga2::Nsga2;
use ppo::Ppo;

/// Genotypes asked for at a time. Fixed, so that a study does not depend on the number of jobs.
pub const BATCH: usize = 20;

/// Draws for each genotype asked for, before a batch stays short.
const DRAWS: usize = 100;
/// Genotypes of a domain that is searched one by one where draws find nothing new.
const MOST_LISTED: usize = 100_000;

/// A running algorithm.
pub struct Searcher<'a> {
    domain: &'a Domain,
    seed: u64,
    batches: u64,
    seen: HashSet<Genotype>,
    state: State,
}

enum State {
    Evolution(Evolution),
    Ppo(Box<Ppo>),
    Nsga2(Nsga2),
    Random,
}

impl<'a> Searcher<'a> {
    /// An algorithm that was told nothing yet.
    pub fn new(algorithm: Algorithm, domain: &'a Domain, seed: u64) -> Self {
        let state = match algorithm {
            Algorithm::Evolution => State::Evolution(Evolution::default()),
            Algorithm::Ppo => State::Ppo(Box::new(Ppo::new(domain, seed))),
            Algorithm::Nsga2 => State::Nsga2(Nsga2::default()),
            Algorithm::Random => State::Random,
        };
        Self { domain, seed, batches: 0, seen: HashSet::new(), state }
    }

    /// The next genotypes, none of which was asked for before and all of which `accept` takes; fewer
    /// than `count` where there are hardly any left. `score` of the phase that they are for decides
    /// what is bred.
    ///
    /// # Errors
    /// The first error of `accept`.
    pub fn ask<E>(
        &mut self,
        count: usize,
        score: &dyn Fn(&Trial) -> f64,
        accept: &dyn Fn(&Genotype) -> Result<bool, E>,
    ) -> Result<Vec<Genotype>, E> {
        let purpose = match self.state {
            State::Evolution(_) => Purpose::Evolution,
            State::Ppo(_) => Purpose::Ppo,
            State::Nsga2(_) => Purpose::Nsga2,
            State::Random => Purpose::Random,
        };
        let mut rng = rng(self.seed, purpose, self.batches);
        self.batches += 1;
        if let State::Ppo(ppo) = &mut self.state {
            ppo.begin_batch(score);
        }
        let mut batch = Vec::new();
        for _ in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let genotype = match &mut self.state {
                State::Evolution(evolution) => evolution.propose(self.domain, score, &mut rng),
                State::Ppo(ppo) => ppo.propose(&mut rng),
                State::Nsga2(nsga2) => nsga2.propose(self.domain, &mut rng),
                State::Random => self.domain.sample(&mut rng),
            };
            let genotype = self.domain.nearest(genotype);
            if !self.seen.contains(&genotype) && accept(&genotype)? {
                self.adopt(&genotype);
                batch.push(genotype);
            }
        }
        if batch.len() < count
            && let Some(mut all) = self.domain.all(MOST_LISTED)
        {
            // What draws miss, a list has.
            all.shuffle(&mut rng);
            for genotype in all {
                if batch.len() < count && !self.seen.contains(&genotype) && accept(&genotype)? {
                    self.adopt(&genotype);
                    batch.push(genotype);
                }
            }
        }
        Ok(batch)
    }

    /// Counts a genotype that was found elsewhere as asked for; false where it was already.
    pub fn adopt(&mut self, genotype: &Genotype) -> bool {
        self.seen.insert(genotype.clone())
    }

    /// The evaluated batch, in the order in which it was asked for.
    pub fn tell(&mut self, trials: &[Trial]) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.tell(trials),
            State::Ppo(ppo) => ppo.tell(trials),
            State::Nsga2(nsga2) => nsga2.tell(trials),
            State::Random => {}
        }
    }

    /// Another score is searched for from now on: what is bred from is chosen anew from the whole
    /// pool.
    pub fn begin(&mut self, score: &dyn Fn(&Trial) -> f64) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.reselect(score),
            State::Ppo(ppo) => ppo.restart(),
            State::Nsga2(nsga2) => nsga2.reselect(score),
            State::Random => {}
        }
    }
}
