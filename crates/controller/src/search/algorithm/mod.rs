//! Search algorithms behind one ask/tell interface. They keep no state on disk: to resume a search,
//! they are told the stored trials again.

mod evolution;
mod kind;
pub mod nsga2;
mod offspring;
pub mod ppo;

use std::collections::HashSet;

use rand::seq::SliceRandom;
use search_space::{Domain, Genotype};

use crate::random::{Purpose, rng};
use crate::search::trial::Trial;
use evolution::Evolution;
pub use kind::Algorithm;
use nsga2::Nsga2;
use ppo::Ppo;

/// The number of genotypes in a batch. It is fixed, so that a study does not depend on the number
/// of jobs.
pub const BATCH: usize = 20;

/// The number of draws available for each requested genotype.
const DRAWS: usize = 100;
/// The maximum size of a domain that is listed when draws find too few new genotypes.
const MAX_LISTED: usize = 100_000;

/// A running search algorithm.
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
    /// An algorithm that has not been told any trials.
    pub fn new(algorithm: Algorithm, domain: &'a Domain, seed: u64) -> Self {
        let state = match algorithm {
            Algorithm::Evolution => State::Evolution(Evolution::default()),
            Algorithm::Ppo => State::Ppo(Box::new(Ppo::new(domain, seed))),
            Algorithm::Nsga2 => State::Nsga2(Nsga2::default()),
            Algorithm::Random => State::Random,
        };
        Self { domain, seed, batches: 0, seen: HashSet::new(), state }
    }

    /// Proposes up to `count` genotypes that were not proposed before and returns what `accept`
    /// makes of them. Genotypes for which it returns `None` are skipped. There are fewer than
    /// `count` if hardly any are left. `score` decides which trials are parents.
    ///
    /// # Errors
    /// Returns the first error of `accept`.
    pub fn ask<Accepted, E>(
        &mut self,
        count: usize,
        score: &dyn Fn(&Trial) -> f64,
        accept: &dyn Fn(&Genotype) -> Result<Option<Accepted>, E>,
    ) -> Result<Vec<Accepted>, E> {
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
            if !self.seen.contains(&genotype)
                && let Some(accepted) = accept(&genotype)?
            {
                self.mark_seen(&genotype);
                batch.push(accepted);
            }
        }
        if batch.len() < count
            && let Some(mut all) = self.domain.all(MAX_LISTED)
        {
            // A list contains the genotypes that draws miss.
            all.shuffle(&mut rng);
            for genotype in all {
                if batch.len() < count
                    && !self.seen.contains(&genotype)
                    && let Some(accepted) = accept(&genotype)?
                {
                    self.mark_seen(&genotype);
                    batch.push(accepted);
                }
            }
        }
        Ok(batch)
    }

    /// Marks a genotype that was found elsewhere as proposed. Returns false if it already was.
    pub fn mark_seen(&mut self, genotype: &Genotype) -> bool {
        self.seen.insert(genotype.clone())
    }

    /// Tells the algorithm an evaluated batch, in the order in which it was proposed.
    pub fn tell(&mut self, trials: &[Trial]) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.tell(trials),
            State::Ppo(ppo) => ppo.tell(trials),
            State::Nsga2(nsga2) => nsga2.tell(trials),
            State::Random => {}
        }
    }

    /// Starts maximising another score: the parents are selected anew from all trials.
    pub fn begin(&mut self, score: &dyn Fn(&Trial) -> f64) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.reselect(score),
            State::Ppo(ppo) => ppo.restart(),
            State::Nsga2(nsga2) => nsga2.reselect(score),
            State::Random => {}
        }
    }
}
