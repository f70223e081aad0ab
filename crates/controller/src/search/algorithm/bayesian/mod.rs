//! Bayesian optimisation: a Gaussian process is fitted to the trials so far, and what has the
//! highest expected improvement is evaluated next (Jones et al. 1998, EGO; for architectures Kandasamy
//! et al. 2018, NASBOT, and White et al. 2021, BANANAS).
//!
//! The process models accuracies, on the surrogate's scale. Its features are the options of all
//! choices, one-hot, and the logarithms of latency, MACs and parameters where they are known. The
//! improvement is that of the score which the search maximises, at the candidate's latency, which is
//! known without an evaluation: in the phase under a target, only candidates within it compete.
//!
//! - **Batches are small**, since each is chosen with what the one before has shown. Within a batch,
//!   a chosen candidate counts as evaluated with the accuracy that is predicted for it.
//! - **The time stays bounded.** The process is fitted to a limited number of trials: the best and
//!   some of all others. Its hyper-parameters are fitted again whenever the trials have grown by a
//!   fifth.

mod features;
mod improvement;
mod kernel;
mod pool;
mod process;

use ndarray::Array1;
use rand::rngs::ChaCha8Rng;
use search_space::{Domain, Genotype, NetworkCost};

use super::Proposed;
use crate::search::problem::Candidate;
use crate::search::trial::Trial;
use features::Point;
use improvement::Incumbent;
use pool::Pool;
use process::{Observation, Process, hyperparameters};

/// The number of genotypes in a batch.
pub(super) const BATCH: usize = 5;
/// The number of first trials, which are drawn uniformly.
const FIRST: usize = 20;
/// The maximum number of trials that the process is fitted to.
const MAX_TRIALS: usize = 300;
/// The ratio of trials between two fits of the hyper-parameters.
const GROWTH: f64 = 1.2;

/// The costs of a genotype's network; `None` if they are unknown.
pub(crate) type Costs<'a> = &'a dyn Fn(&Genotype) -> Option<NetworkCost>;

/// What a batch is chosen for.
pub(super) struct Request<'r, E> {
    pub(super) domain: &'r Domain,
    pub(super) costs: Option<Costs<'r>>,
    pub(super) count: usize,
    pub(super) score: &'r dyn Fn(&Trial) -> f64,
    pub(super) accept: &'r dyn Fn(&Genotype) -> Result<Option<Candidate>, E>,
}

impl<E> Request<'_, E> {
    fn point(&self, genotype: &Genotype, latency_ms: Option<f64>) -> Point {
        let cost = self.costs.and_then(|costs| costs(genotype));
        Point::new(genotype.clone(), latency_ms, cost)
    }
}

/// The trials so far, with their points, and the hyper-parameters.
#[derive(Default)]
pub(super) struct Bayesian {
    trials: Vec<Trial>,
    /// Of the first trials; those of the others are made when they are needed.
    points: Vec<Point>,
    fitted: Option<Fitted>,
}

struct Fitted {
    /// The number of trials at the time.
    trials: usize,
    hyperparameters: Array1<f64>,
}

impl Bayesian {
    pub(super) fn tell(&mut self, trials: &[Trial]) {
        self.trials.extend_from_slice(trials);
    }

    /// Proposes a batch. It has fewer candidates than requested, or none, as long as there are too few
    /// trials to learn from, or if draws find too few.
    ///
    /// # Errors
    /// Returns the first error of `accept`.
    pub(super) fn ask<E>(
        &mut self,
        request: &Request<'_, E>,
        proposed: &mut Proposed<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Candidate>, E> {
        for trial in &self.trials[self.points.len()..] {
            self.points.push(request.point(&trial.genotype, trial.latency_ms));
        }
        let scores: Vec<f64> = self.trials.iter().map(request.score).collect();
        let mut order: Vec<usize> = (0..self.trials.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let Some(process) = self.fit(request.domain.option_counts(), &order) else {
            return Ok(Vec::new());
        };
        // The score of a trial that misses the target is not one to improve on.
        let mut best = None;
        for &index in &order {
            if (request.accept)(&self.trials[index].genotype)?.is_some() {
                best = Some(scores[index]);
                break;
            }
        }
        let best_trials: Vec<&Genotype> = order.iter().map(|&i| &self.trials[i].genotype).collect();
        let mut pool = Pool::new(request, &process, Incumbent(best));
        pool.fill(&best_trials, proposed, rng)?;
        let batch = pool.batch();
        batch.iter().for_each(|candidate| _ = proposed.mark(&candidate.genotype));
        Ok(batch)
    }

    /// A process fitted to the trials, whose indices are in descending order of the score. `None` if
    /// there are too few, or if their accuracies do not differ.
    fn fit(&mut self, option_counts: &[u8], order: &[usize]) -> Option<Process> {
        if order.len() < FIRST {
            return None;
        }
        let (best, others) = order.split_at(order.len().min(MAX_TRIALS / 2));
        let step = others.len().div_ceil(MAX_TRIALS / 2).max(1);
        let chosen = best.iter().chain(others.iter().step_by(step));
        let observations: Vec<Observation<'_>> = chosen
            .map(|&index| {
                let accuracy = self.trials[index].estimate.accuracy;
                Observation { point: &self.points[index], accuracy }
            })
            .collect();
        let is_due = |fitted: &Fitted| order.len() as f64 >= GROWTH * fitted.trials as f64;
        if self.fitted.as_ref().is_none_or(is_due) {
            let hyperparameters = hyperparameters(option_counts, &observations).ok()?;
            self.fitted = Some(Fitted { trials: order.len(), hyperparameters });
        }
        let fitted = self.fitted.as_ref()?;
        Process::fit(option_counts, &observations, &fitted.hyperparameters).ok()
    }
}
