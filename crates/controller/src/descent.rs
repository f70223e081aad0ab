//! A genotype within limits that chance does not find.

use search_space::{Genotype, LatencyError};

use crate::limits::Limits;
use crate::problem::Problem;
use crate::random::{Purpose, rng};
use crate::reward::Target;

/// Descents from random genotypes.
pub(crate) const STARTS: usize = 4;
/// Draws for each start.
const DRAWS: usize = 1_000;

/// A genotype within the limits and the target, by descents on the greatest of its shares of them;
/// None where they find none.
pub(crate) fn least_excess(
    problem: &Problem<'_>,
    target: Option<Target>,
    seed: u64,
) -> Result<Option<Genotype>, LatencyError> {
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
        let (least, genotype) = problem.domain.descend(&start, cost?, &excess)?;
        if least <= 1.0 {
            return Ok(Some(genotype));
        }
    }
    Ok(None)
}
