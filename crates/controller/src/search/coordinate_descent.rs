//! Coordinate descent to a genotype within limits that random draws miss.

use search_space::{Genotype, LatencyError};

use crate::random::{Purpose, rng};
use crate::search::limits::Limits;
use crate::search::problem::{Candidate, Problem};
use crate::search::reward::Target;

/// The number of random genotypes from which a descent starts.
pub(crate) const STARTS: usize = 4;
/// The maximum number of draws for each start.
const DRAWS: usize = 1_000;

/// A candidate within the limits and the target, found by coordinate descent on the maximum ratio
/// of its costs and latency to their limits; `None` if none is found.
pub(crate) fn find_feasible(
    problem: &Problem<'_>,
    target: Option<Target>,
    seed: u64,
) -> Result<Option<Candidate>, LatencyError> {
    let unlimited = Limits::default();
    let free = Problem { limits: &unlimited, ..*problem };
    let excess = |genotype: &Genotype| {
        let Some(candidate) = free.candidate(genotype)? else { return Ok(None) };
        let late = target.zip(candidate.latency_ms).map_or(0.0, |(target, ms)| ms / target.ms());
        let graph = problem.network(genotype).and_then(|network| network.lower().ok());
        let large = graph.map_or(0.0, |graph| problem.limits.greatest_share(&graph.cost()));
        Ok(Some(late.max(large)))
    };
    let mut rng = rng(seed, Purpose::Range, 2);
    for _ in 0..STARTS {
        let mut draws = std::iter::repeat_with(|| problem.domain.sample(&mut rng)).take(DRAWS);
        let start = draws.find_map(|g| excess(&g).transpose().map(|cost| (g, cost)));
        let Some((start, cost)) = start else { continue };
        let (share, genotype) = problem.domain.coordinate_descent(&start, cost?, &excess)?;
        if share <= 1.0 {
            return problem.candidate(&genotype);
        }
    }
    Ok(None)
}
