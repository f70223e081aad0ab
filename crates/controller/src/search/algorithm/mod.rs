//! Search algorithms behind one ask/tell interface. They keep no state on disk: to resume a search,
//! they are told the stored trials again.

mod bayesian;
mod evolution;
mod kind;
pub mod nsga2;
pub(crate) mod offspring;
pub mod ppo;
mod proposed;

use search_space::{Domain, Genotype, NetworkCost};

use crate::random::{Purpose, rng};
use crate::search::problem::Candidate;
use crate::search::trial::Trial;
use bayesian::{Bayesian, Costs, Request};
use evolution::Evolution;
pub use kind::Algorithm;
use nsga2::Nsga2;
use ppo::Ppo;
pub(crate) use proposed::Proposed;

/// The number of genotypes in a batch of most algorithms.
pub const BATCH: usize = 20;

/// The number of draws available for each requested genotype.
const DRAWS: usize = 100;

/// A running search algorithm.
pub struct Searcher<'a> {
    domain: &'a Domain,
    seed: u64,
    batches: u64,
    proposed: Proposed<'a>,
    costs: Option<Costs<'a>>,
    state: State,
}

enum State {
    Evolution(Evolution),
    Ppo(Box<Ppo>),
    Nsga2(Nsga2),
    Bayesian(Bayesian),
    Random,
}

impl Algorithm {
    /// The number of genotypes in a batch. It is fixed, so that a study does not depend on the number
    /// of jobs.
    pub fn batch(self) -> usize {
        match self {
            Algorithm::Bayesian => bayesian::BATCH,
            Algorithm::Evolution | Algorithm::Ppo | Algorithm::Nsga2 | Algorithm::Random => BATCH,
        }
    }
}

impl<'a> Searcher<'a> {
    /// An algorithm that has not been told any trials.
    pub fn new(algorithm: Algorithm, domain: &'a Domain, seed: u64) -> Self {
        let state = match algorithm {
            Algorithm::Evolution => State::Evolution(Evolution::default()),
            Algorithm::Ppo => State::Ppo(Box::new(Ppo::new(domain, seed))),
            Algorithm::Nsga2 => State::Nsga2(Nsga2::default()),
            Algorithm::Bayesian => State::Bayesian(Bayesian::default()),
            Algorithm::Random => State::Random,
        };
        Self { domain, seed, batches: 0, proposed: Proposed::new(domain), costs: None, state }
    }

    /// Lets the algorithm know the costs of networks, for which `costs` returns `None` where they are
    /// unknown. Only Bayesian optimisation learns from them.
    #[must_use]
    pub fn with_costs(self, costs: &'a dyn Fn(&Genotype) -> Option<NetworkCost>) -> Self {
        Self { costs: Some(costs), ..self }
    }

    /// Proposes up to `count` genotypes that were not proposed before and returns the candidates that
    /// `accept` makes of them. Genotypes for which it returns `None` are skipped. There are fewer than
    /// `count` if hardly any are left. `score` decides which trials are parents; among trials of one
    /// latency, it grows linearly with the accuracy.
    ///
    /// # Errors
    /// Returns the first error of `accept`.
    pub fn ask<E>(
        &mut self,
        count: usize,
        score: &dyn Fn(&Trial) -> f64,
        accept: &dyn Fn(&Genotype) -> Result<Option<Candidate>, E>,
    ) -> Result<Vec<Candidate>, E> {
        let purpose = match self.state {
            State::Evolution(_) => Purpose::Evolution,
            State::Ppo(_) => Purpose::Ppo,
            State::Nsga2(_) => Purpose::Nsga2,
            State::Bayesian(_) => Purpose::Bayesian,
            State::Random => Purpose::Random,
        };
        let mut rng = rng(self.seed, purpose, self.batches);
        self.batches += 1;
        if let State::Ppo(ppo) = &mut self.state {
            ppo.begin_batch(score);
        }
        let mut batch = match &mut self.state {
            State::Bayesian(bayesian) => {
                let (domain, costs) = (self.domain, self.costs);
                let request = Request { domain, costs, count, score, accept };
                bayesian.ask(&request, &mut self.proposed, &mut rng)?
            }
            _ => Vec::new(),
        };
        let mut accept = |genotype: &Genotype| accept(genotype);
        for _ in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let genotype = match &mut self.state {
                State::Evolution(evolution) => evolution.propose(self.domain, score, &mut rng),
                State::Ppo(ppo) => ppo.propose(&mut rng),
                State::Nsga2(nsga2) => nsga2.propose(self.domain, &mut rng),
                State::Bayesian(_) | State::Random => self.domain.sample(&mut rng),
            };
            batch.extend(self.proposed.offer(genotype, &mut accept)?);
        }
        self.proposed.fill(&mut batch, count, &mut accept, &mut rng)?;
        Ok(batch)
    }

    /// The genotypes that were proposed so far, to which another part of the search adds its own.
    pub(crate) fn proposed(&mut self) -> &mut Proposed<'a> {
        &mut self.proposed
    }

    /// Tells the algorithm an evaluated batch, in the order in which it was proposed.
    pub fn tell(&mut self, trials: &[Trial]) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.tell(trials),
            State::Ppo(ppo) => ppo.tell(trials),
            State::Nsga2(nsga2) => nsga2.tell(trials),
            State::Bayesian(bayesian) => bayesian.tell(trials),
            State::Random => {}
        }
    }

    /// Starts maximising another score: the parents are selected anew from all trials.
    pub fn begin(&mut self, score: &dyn Fn(&Trial) -> f64) {
        match &mut self.state {
            State::Evolution(evolution) => evolution.reselect(score),
            State::Ppo(ppo) => ppo.restart(),
            State::Nsga2(nsga2) => nsga2.reselect(score),
            // It knows all trials, whatever their score.
            State::Bayesian(_) | State::Random => {}
        }
    }
}
