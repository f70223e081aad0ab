//! The front phase: it improves the Pareto front over the whole range of latencies.
//!
//! The range from the fastest to the slowest network is divided into levels, evenly in the
//! logarithm of the latency and with a bound at each target. For each level, the most accurate
//! networks within its bound and not much faster are kept as parents (the epsilon-constraint
//! method, with the neighbours as mates as in MOEA/D, Zhang and Li 2007). Half of the trials are
//! spread evenly over the levels, and half go where trials still raise the front the most.

mod levels;
mod step_front;

use search_space::{Genotype, LatencyError};

use crate::random::{Purpose, rng};
use crate::search::algorithm::Proposed;
use crate::search::algorithm::offspring::make_offspring;
use crate::search::latency_range::ends;
use crate::search::problem::{Candidate, Problem};
use crate::search::reward::Target;
use crate::search::trial::Trial;
use levels::Levels;

/// The number of draws available for each requested genotype.
const DRAWS: usize = 30;

/// A running front phase.
pub(crate) struct FrontSearch<'a> {
    problem: &'a Problem<'a>,
    seed: u64,
    batches: u64,
    levels: Levels,
    /// The fastest and the slowest network, which are proposed first.
    ends: Vec<Genotype>,
}

impl<'a> FrontSearch<'a> {
    /// Starts from the trials so far.
    ///
    /// # Errors
    /// Returns an error if a latency is not available.
    pub(crate) fn new(
        problem: &'a Problem<'a>,
        targets: &[Target],
        trials: &[Trial],
        seed: u64,
    ) -> Result<Self, LatencyError> {
        let ends = ends(problem, trials)?;
        let range = ends.iter().filter_map(|candidate| candidate.latency_ms);
        let mut levels = Levels::new(range, targets);
        levels.add(trials);
        let ends = ends.into_iter().map(|candidate| candidate.genotype).collect();
        Ok(Self { problem, seed, batches: 0, levels, ends })
    }

    /// Proposes up to `count` genotypes that were not proposed before; fewer if hardly any are
    /// left.
    ///
    /// # Errors
    /// Returns an error if a latency is not available.
    pub(crate) fn ask(
        &mut self,
        count: usize,
        proposed: &mut Proposed<'_>,
    ) -> Result<Vec<Candidate>, LatencyError> {
        let mut rng = rng(self.seed, Purpose::Front, self.batches);
        self.batches += 1;
        let Some(any) = self.levels.any_parent().cloned() else { return Ok(Vec::new()) };
        let problem = self.problem;
        let mut anywhere = |genotype: &Genotype| problem.candidate(genotype);
        let mut batch = Vec::with_capacity(count);
        while batch.len() < count
            && let Some(end) = self.ends.pop()
        {
            batch.extend(proposed.offer(end, &mut anywhere)?);
        }
        let mut open = self.levels.shares(count - batch.len());
        for draw in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let level = open[draw % open.len()];
            let child = make_offspring(
                problem.domain,
                |rng| self.levels.parent(level, rng).unwrap_or(&any),
                &mut rng,
            );
            let mut within = |genotype: &Genotype| {
                let candidate = problem.candidate(genotype)?;
                Ok::<_, LatencyError>(candidate.and_then(|candidate| {
                    let level = self.levels.of(candidate.latency_ms?);
                    let place = open.iter().position(|&other| other == level)?;
                    open.swap_remove(place);
                    Some(candidate)
                }))
            };
            batch.extend(proposed.offer(child, &mut within)?);
        }
        for _ in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let level = open[0];
            let child = make_offspring(
                problem.domain,
                |rng| self.levels.parent(level, rng).unwrap_or(&any),
                &mut rng,
            );
            batch.extend(proposed.offer(child, &mut anywhere)?);
        }
        proposed.fill(&mut batch, count, &mut anywhere, &mut rng)?;
        Ok(batch)
    }

    /// Tells the phase an evaluated batch.
    pub(crate) fn tell(&mut self, trials: &[Trial]) {
        self.levels.tell(trials);
    }
}
