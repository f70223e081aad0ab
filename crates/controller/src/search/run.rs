//! Runs a search. The first phase maximises the reward of the settings; the second continues from
//! the same pool of trials and searches for accuracy under the target; the third improves the
//! Pareto front from what both have found.

use std::ops::ControlFlow;

use rayon::prelude::*;
use search_space::{Genotype, LatencyError};

use crate::accuracy::{AccuracyError, AccuracySource};
use crate::random::{Purpose, rng};
use crate::search::algorithm::{BATCH, Searcher};
use crate::search::coordinate_descent::find_feasible;
use crate::search::front::FrontSearch;
use crate::search::problem::{Candidate, Problem};
use crate::search::reward::Target;
use crate::search::segments::{Objective, Segment, segments};
use crate::search::settings::{Goal, SearchError, SearchSettings};
use crate::search::trial::Trial;
use crate::study::Study;

/// The number of the most accurate trials under the target that decide which networks are too fast
/// to be worth a trial.
const BEST: usize = 20;
/// Networks faster than this share of the fastest of those trials are not worth a trial, since a
/// slower network could be more accurate.
const MIN_SHARE: f64 = 0.9;

/// Runs a search to its end, continuing from the trials of its study. Each batch is stored before
/// anything depends on it. `progress` receives all trials after each batch.
///
/// # Errors
/// Returns an error if a latency is not available, if the study cannot be read or written or
/// belongs to another search, or if `progress` returns `Break`.
pub fn search(
    problem: &Problem<'_>,
    settings: &SearchSettings,
    study: &mut Study,
    progress: &mut dyn FnMut(&[Trial]) -> ControlFlow<()>,
) -> Result<Vec<Trial>, SearchError> {
    let stored = study.trials(problem.domain)?;
    let costs = |genotype: &Genotype| problem.cost(genotype);
    let mut searcher =
        Searcher::new(settings.algorithm, problem.domain, settings.seed).with_costs(&costs);
    let mut trials: Vec<Trial> = Vec::new();
    for segment in segments(settings) {
        let score = |trial: &Trial| segment.objective.score(trial);
        let mut front = match segment.objective {
            Objective::Front => {
                let targets = settings.goal.targets();
                Some(FrontSearch::new(problem, targets, &trials, settings.seed)?)
            }
            _ => None,
        };
        if !trials.is_empty() && front.is_none() {
            searcher.begin(&score);
        }
        while trials.len() < segment.end {
            let batch = match &mut front {
                Some(front) => {
                    front.ask(BATCH.min(segment.end - trials.len()), searcher.proposed())?
                }
                None => propose(problem, settings, &segment, &mut searcher, &trials)?,
            };
            if batch.is_empty() {
                break;
            }
            let evaluated = match stored.get(trials.len()..trials.len() + batch.len()) {
                Some(known) => replayed(problem, known, &batch, trials.len())?,
                None => {
                    let evaluated = evaluate(problem, &segment, &batch, settings)?;
                    study.record(problem.domain, trials.len(), &evaluated)?;
                    evaluated
                }
            };
            match &mut front {
                Some(front) => front.tell(&evaluated),
                None => searcher.tell(&evaluated),
            }
            trials.extend(evaluated);
            if progress(&trials).is_break() {
                return Err(SearchError::Stopped);
            }
        }
    }
    Ok(trials)
}

/// The next batch of a segment; empty if there is nothing left to propose.
///
/// The latency of a network is known without a trial. Under a target, no trial is spent on networks
/// that miss it, or that are so fast that a slower one could be more accurate.
fn propose(
    problem: &Problem<'_>,
    settings: &SearchSettings,
    segment: &Segment,
    searcher: &mut Searcher<'_>,
    trials: &[Trial],
) -> Result<Vec<Candidate>, LatencyError> {
    let count = settings.algorithm.batch().min(segment.end - trials.len());
    let score = |trial: &Trial| segment.objective.score(trial);
    let accept = |min_ms: f64| {
        move |genotype: &Genotype| {
            let candidate = problem.candidate(genotype)?;
            Ok(candidate.filter(|candidate| match (segment.objective, candidate.latency_ms) {
                (Objective::UnderTarget(target), Some(ms)) => (min_ms..=target.ms()).contains(&ms),
                _ => true,
            }))
        }
    };
    if let Objective::UnderTarget(target) = segment.objective {
        let batch = searcher.ask(count, &score, &accept(min_ms(trials, target)))?;
        if !batch.is_empty() {
            return Ok(batch);
        }
    }
    let batch = searcher.ask(count, &score, &accept(0.0))?;
    if !batch.is_empty() {
        return Ok(batch);
    }
    // Random draws find nothing within the limits and the target.
    let target = match segment.objective {
        Objective::UnderTarget(target) => Some(target),
        Objective::Reward(..) | Objective::Front | Objective::Accuracy => None,
    };
    let found = find_feasible(problem, target, settings.seed)?;
    let new = found.filter(|candidate| searcher.proposed().mark(&candidate.genotype));
    Ok(new.into_iter().collect())
}

/// The latency below which a network is not worth a trial, in milliseconds.
fn min_ms(trials: &[Trial], target: Target) -> f64 {
    let under = |trial: &Trial| {
        let ms = trial.latency_ms.filter(|&ms| ms <= target.ms())?;
        Some((trial.estimate.accuracy, ms))
    };
    let mut known: Vec<(f64, f64)> = trials.iter().filter_map(under).collect();
    if known.len() < BEST {
        return 0.0;
    }
    known.select_nth_unstable_by(BEST - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    MIN_SHARE * known[..BEST].iter().map(|(_, ms)| *ms).fold(f64::INFINITY, f64::min)
}

fn replayed(
    problem: &Problem<'_>,
    known: &[Trial],
    batch: &[Candidate],
    first: usize,
) -> Result<Vec<Trial>, SearchError> {
    for (index, (trial, proposed)) in known.iter().zip(batch).enumerate() {
        let proposed = &proposed.genotype;
        if trial.genotype != *proposed {
            let [stored, proposed] = [&trial.genotype, proposed].map(|g| problem.domain.text(g));
            return Err(SearchError::Diverged { trial: first + index, stored, proposed });
        }
    }
    Ok(known.to_vec())
}

fn evaluate(
    problem: &Problem<'_>,
    segment: &Segment,
    candidates: &[Candidate],
    settings: &SearchSettings,
) -> Result<Vec<Trial>, AccuracyError> {
    // The reward of a trial is that of the settings in every phase.
    let rewarded = match (&settings.goal, segment.objective) {
        (Goal::Targets { reward, .. }, Objective::UnderTarget(target)) => {
            Objective::Reward(*reward, target)
        }
        (Goal::Targets { reward, targets, .. }, Objective::Front) => {
            Objective::Reward(*reward, targets[0])
        }
        (_, objective) => objective,
    };
    let one = |candidate: &Candidate| {
        let mut trial = Trial {
            genotype: candidate.genotype.clone(),
            latency_ms: candidate.latency_ms,
            estimate: problem.estimate(&candidate.genotype)?,
            reward: 0.0,
            phase: segment.objective.phase(),
        };
        trial.reward = rewarded.score(&trial);
        Ok(trial)
    };
    if let AccuracySource::Proxy(proxy) = problem.accuracy {
        let genotypes = candidates.iter().map(|candidate| candidate.genotype.clone());
        proxy.train_all(&genotypes.collect::<Vec<_>>())?;
    }
    // The trials are in the order of the candidates, whichever thread finishes first.
    candidates.par_iter().map(one).collect()
}

/// The number of draws available for each uniform sample, since limits exclude some.
const DRAWS: usize = 100;

/// The random search that a search is compared with: as many uniform samples among the candidates
/// as the search has trials, or fewer if hardly any genotypes are within the limits. It is not part
/// of the study. `progress` receives all samples after each batch of them.
///
/// # Errors
/// Returns an error if a latency or an accuracy is not available, or if `progress` returns `Break`.
pub fn random_comparison(
    problem: &Problem<'_>,
    settings: &SearchSettings,
    progress: &mut dyn FnMut(&[Trial]) -> ControlFlow<()>,
) -> Result<Vec<Trial>, SearchError> {
    let mut rng = rng(settings.seed, Purpose::Comparison, 0);
    let first = segments(settings).into_iter().next();
    let Some(segment) = first else { return Ok(Vec::new()) };
    let mut candidates = Vec::new();
    for _ in 0..DRAWS.saturating_mul(settings.samples) {
        if candidates.len() == settings.samples {
            break;
        }
        let genotype = problem.domain.sample(&mut rng);
        candidates.extend(problem.candidate(&genotype)?);
    }
    let mut samples = Vec::with_capacity(candidates.len());
    for batch in candidates.chunks(BATCH) {
        samples.extend(evaluate(problem, &segment, batch, settings)?);
        if progress(&samples).is_break() {
            return Err(SearchError::Stopped);
        }
    }
    Ok(samples)
}
