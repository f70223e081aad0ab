//! The front phase: it improves the Pareto front over the whole range of latencies.
//!
//! The range from the fastest to the slowest network is divided into levels, evenly in the
//! logarithm of the latency and with a bound at each target. Each level keeps its most accurate
//! networks. An offspring for a level has parents from that level and from those nearby (as
//! neighbours mate in MOEA/D, Zhang and Li 2007), and becomes a trial if its predicted latency is in
//! a level whose turn it is. Most of the trials are spread evenly over the levels, and the others go
//! where trials still raise the front the most.

mod levels;
mod step_front;

use rand::rngs::ChaCha8Rng;
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
        let levels = &mut self.levels;
        for _ in 0..DRAWS * count {
            if batch.len() == count {
                break;
            }
            let level = levels.next();
            let parent = |rng: &mut ChaCha8Rng| levels.parent(level, rng).unwrap_or(&any);
            let child = make_offspring(problem.domain, parent, &mut rng);
            let mut in_turn = |genotype: &Genotype| {
                let Some(candidate) = problem.candidate(genotype)? else { return Ok(None) };
                let Some(latency_ms) = candidate.latency_ms else { return Ok(None) };
                let taken = levels.take(levels.of(latency_ms), level);
                Ok::<_, LatencyError>(taken.then_some(candidate))
            };
            batch.extend(proposed.offer(child, &mut in_turn)?);
        }
        proposed.fill(&mut batch, count, &mut anywhere, &mut rng)?;
        Ok(batch)
    }

    /// Tells the phase an evaluated batch.
    pub(crate) fn tell(&mut self, trials: &[Trial]) {
        self.levels.tell(trials);
    }
}
