//! The range of latencies in a search problem.

use search_space::{Genotype, LatencyError, SearchSpace};
use serde::Serialize;

use crate::random::{Purpose, rng};
use crate::search::coordinate_descent::STARTS;
use crate::search::limits::{Cost, Limits};
use crate::search::problem::{Candidate, LatencyOf, Problem};
use crate::search::reward::Target;
use crate::search::trial::Trial;

/// The number of samples whose median is taken.
const SAMPLES: usize = 1_001;
/// The number of draws available for each sample.
const DRAWS: usize = 1_000;
/// The maximum size of a table that is evaluated completely.
const MAX_LISTED: usize = 100_000;

/// The range of the predicted latencies of the networks in a search problem.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The latency of the fastest network found, in milliseconds.
    pub fastest_ms: f64,
    /// The median latency of random networks, in milliseconds.
    pub median_ms: f64,
    /// The latency of the slowest network found, in milliseconds.
    pub slowest_ms: f64,
}

/// How a target relates to a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// No network is that fast.
    CannotBeMet,
    /// Some networks meet it, and some do not.
    Binds,
    /// Every network meets it.
    DoesNotBind,
}

impl Range {
    /// How `target` relates to this range.
    pub fn binding(&self, target: Target) -> Binding {
        match target.ms() {
            ms if ms < self.fastest_ms => Binding::CannotBeMet,
            ms if ms >= self.slowest_ms => Binding::DoesNotBind,
            _ => Binding::Binds,
        }
    }

    /// Targets that bind: at 1/4, 1/2 and 3/4 of the way from the fastest to the slowest network,
    /// on a logarithmic scale.
    pub fn suggested_ms(&self) -> [f64; 3] {
        [0.25, 0.5, 0.75]
            .map(|share: f64| self.fastest_ms * (self.slowest_ms / self.fastest_ms).powf(share))
    }
}

/// The range of a problem's latencies without its limits; `None` if it has no latencies.
///
/// The rows of a table are evaluated one by one. For a space, coordinate descent finds the ends
/// (exactly, if the latency of a stage is monotonic in each of its choices), and the median is that
/// of samples.
///
/// # Errors
/// Returns an error if a latency is not available.
pub fn range(problem: &Problem<'_>, seed: u64) -> Result<Option<Range>, LatencyError> {
    let unlimited = Limits::default();
    let free = Problem { limits: &unlimited, ..*problem };
    let price = |genotype: &Genotype| {
        Ok(free.candidate(genotype)?.and_then(|candidate| candidate.latency_ms))
    };
    if let LatencyOf::Unknown = problem.latency {
        return Ok(None);
    }
    if let (LatencyOf::Column(_), Some(all)) = (problem.latency, problem.domain.all(MAX_LISTED)) {
        let known: Result<Vec<Option<f64>>, _> = all.iter().map(price).collect();
        return Ok(of_sorted(known?.into_iter().flatten().collect()));
    }
    let mut rng = rng(seed, Purpose::Range, 0);
    let (mut sampled, mut starts) = (Vec::with_capacity(SAMPLES), Vec::new());
    for _ in 0..DRAWS * SAMPLES {
        if sampled.len() == SAMPLES {
            break;
        }
        let genotype = problem.domain.sample(&mut rng);
        if let Some(ms) = price(&genotype)? {
            sampled.push(ms);
            if starts.len() < STARTS {
                starts.push((genotype, ms));
            }
        }
    }
    for sign in [1.0, -1.0] {
        for (start, ms) in &starts {
            let signed = |genotype: &Genotype| Ok(price(genotype)?.map(|ms| ms * sign));
            let (end, _) = problem.domain.coordinate_descent(start, ms * sign, &signed)?;
            // As many values at one end as at the other leave the median unchanged.
            sampled.push(end * sign);
        }
    }
    Ok(of_sorted(sampled))
}

/// The fastest and the slowest candidate of a problem. Those of a table with latencies are exact;
/// otherwise coordinate descent starts from the fastest and the slowest of `trials`. Empty if there
/// are no latencies.
///
/// # Errors
/// Returns an error if a latency is not available.
pub(crate) fn ends(
    problem: &Problem<'_>,
    trials: &[Trial],
) -> Result<Vec<Candidate>, LatencyError> {
    let mut known: Vec<(f64, &Genotype)> = match problem.latency {
        LatencyOf::Column(table) => {
            table.rows().filter_map(|(genotype, row)| Some((row.latency_ms?, genotype))).collect()
        }
        LatencyOf::Device(_) | LatencyOf::Unknown => {
            trials.iter().filter_map(|trial| Some((trial.latency_ms?, &trial.genotype))).collect()
        }
    };
    known.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    let slowest_first = known.iter().rev();
    let mut ends = Vec::new();
    for (sign, order) in [
        (1.0, &mut known.iter() as &mut dyn Iterator<Item = &(f64, &Genotype)>),
        (-1.0, &mut slowest_first.into_iter()),
    ] {
        let mut candidates = order.filter_map(|known| problem.candidate(known.1).transpose());
        let Some(start) = candidates.next().transpose()? else { continue };
        ends.push(match problem.latency {
            LatencyOf::Device(_) => descend(problem, start, sign)?,
            LatencyOf::Column(_) | LatencyOf::Unknown => start,
        });
    }
    Ok(ends)
}

/// The candidate of the lowest latency times `sign` that coordinate descent finds.
fn descend(problem: &Problem<'_>, start: Candidate, sign: f64) -> Result<Candidate, LatencyError> {
    let Some(ms) = start.latency_ms else { return Ok(start) };
    let signed = |genotype: &Genotype| {
        let latency_ms = problem.candidate(genotype)?.and_then(|candidate| candidate.latency_ms);
        Ok(latency_ms.map(|ms| sign * ms))
    };
    let (end, genotype) = problem.domain.coordinate_descent(&start.genotype, sign * ms, &signed)?;
    Ok(Candidate { genotype, latency_ms: Some(sign * end) })
}

fn of_sorted(mut latencies: Vec<f64>) -> Option<Range> {
    latencies.sort_by(f64::total_cmp);
    let (fastest_ms, slowest_ms) = (*latencies.first()?, *latencies.last()?);
    Some(Range { fastest_ms, median_ms: latencies[latencies.len() / 2], slowest_ms })
}

/// The minimum of a cost over the space, as far as coordinate descent finds it.
pub fn least_cost(space: &SearchSpace, cost: Cost, seed: u64) -> usize {
    let of = |genotype: &Genotype| {
        let graph = space.decode(genotype).and_then(|network| network.lower()).ok();
        Ok::<_, LatencyError>(graph.map(|graph| cost.of(&graph.cost()) as f64))
    };
    let domain = space.domain();
    let mut rng = rng(seed, Purpose::Range, 1);
    let starts = std::iter::repeat_with(|| domain.sample(&mut rng)).take(SAMPLES);
    let known = starts.filter_map(|start| Some((of(&start).ok()??, start)));
    let minima = known
        .take(STARTS)
        .filter_map(|(now, start)| domain.coordinate_descent(&start, now, &of).ok());
    minima.map(|(min, _)| min).fold(f64::INFINITY, f64::min) as usize
}
