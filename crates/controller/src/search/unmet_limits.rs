//! Limits that no network meets, which are known before anything is measured.

use search_space::{Genotype, SearchSpace};

use crate::accuracy::AccuracySource;
use crate::random::{Purpose, rng};
use crate::search::coordinate_descent::find_feasible;
use crate::search::latency_range::least_cost;
use crate::search::limits::{Cost, Limits};
use crate::search::problem::{LatencyOf, Problem};

/// The number of random networks that are tried first.
const DRAWS: usize = 1_000;

/// A limit below what any network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnmetLimit {
    /// What is limited.
    pub cost: Cost,
    /// The limit.
    pub max: usize,
    /// The minimum over the networks.
    pub min: usize,
}

/// Limits that no network meets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no network of {space} meets the limits {limits}{}", minima(.below))]
pub struct UnmetLimits {
    /// The name of the space.
    pub space: String,
    /// All limits.
    pub limits: Limits,
    /// The limits that no network meets; empty if each limit is met by some network, but no network
    /// was found that meets all at once.
    pub below: Vec<UnmetLimit>,
}

/// Checks that a network of the problem is within its limits, whatever its latency.
///
/// Random networks are tried first, then coordinate descent. The rows of a table are tried one by
/// one. The minima in the error are those that coordinate descent finds.
///
/// # Errors
/// [`UnmetLimits`] if no network is found.
pub fn check_limits(problem: &Problem<'_>, seed: u64) -> Result<(), UnmetLimits> {
    let Some(space) = problem.space.filter(|_| !problem.limits.is_empty()) else { return Ok(()) };
    let problem = Problem { latency: LatencyOf::Unknown, ..*problem };
    // Only latencies can fail, and there are none.
    let meets = |genotype: &Genotype| matches!(problem.candidate(genotype), Ok(Some(_)));
    let mut rng = rng(seed, Purpose::Range, 3);
    if (0..DRAWS).any(|_| meets(&problem.domain.sample(&mut rng))) {
        return Ok(());
    }
    let found = match problem.accuracy {
        AccuracySource::Table(table) => table.rows().any(|(genotype, _)| meets(genotype)),
        AccuracySource::Surrogate(_)
        | AccuracySource::Model(_)
        | AccuracySource::Supernet(_)
        | AccuracySource::Proxy(_)
        | AccuracySource::Untrained => {
            matches!(find_feasible(&problem, None, seed), Ok(Some(_)))
        }
    };
    if found {
        return Ok(());
    }
    let unmet = |(cost, max)| {
        let min = match problem.accuracy {
            AccuracySource::Table(table) => {
                let costs = table.rows().filter_map(|(genotype, _)| cost_of(space, genotype, cost));
                costs.min().unwrap_or(usize::MAX)
            }
            AccuracySource::Surrogate(_)
            | AccuracySource::Model(_)
            | AccuracySource::Supernet(_)
            | AccuracySource::Proxy(_)
            | AccuracySource::Untrained => least_cost(space, cost, seed),
        };
        (min > max).then_some(UnmetLimit { cost, max, min })
    };
    let below = problem.limits.iter().filter_map(unmet).collect();
    Err(UnmetLimits { space: space.name.clone(), limits: problem.limits.clone(), below })
}

fn cost_of(space: &SearchSpace, genotype: &Genotype, cost: Cost) -> Option<usize> {
    let graph = space.decode(genotype).ok()?.lower().ok()?;
    Some(cost.of(&graph.cost()))
}

fn minima(below: &[UnmetLimit]) -> String {
    let minimum =
        |limit: &UnmetLimit| format!("the minimum of {} is {}", limit.cost.name(), limit.min);
    match below.is_empty() {
        true => " at once".to_owned(),
        false => format!("; {}", below.iter().map(minimum).collect::<Vec<_>>().join(", ")),
    }
}
