//! The search: the first half of the trials maximises the reward that was asked for, the second
//! half, from the same pool, searches under the target for accuracy.

use std::ops::ControlFlow;

use rayon::prelude::*;
use search_space::{Genotype, LatencyError};

use crate::algorithm::{Algorithm, BATCH, Searcher};
use crate::descent::least_excess;
use crate::phase::{Objective, Phase, phases};
use crate::problem::Problem;
use crate::random::{Purpose, rng};
use crate::reward::{Reward, Target};
use crate::study::{Study, StudyError};
use crate::trial::Trial;

/// Of the most accurate trials under the target, so many say how fast networks are that are worth
/// a trial.
const BEST: usize = 20;
/// Networks faster than this share of the fastest of them are not worth one: a slower network could
/// be a better one.
const LEAST_SHARE: f64 = 0.9;

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// What is searched for.
    pub goal: Goal,
    /// Trials in all.
    pub samples: usize,
    /// Of all random numbers.
    pub seed: u64,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Networks that meet latencies.
    Targets {
        /// What the first half maximises.
        reward: Reward,
        /// The latencies; at least one.
        targets: Vec<Target>,
    },
    /// Accuracy alone.
    Accuracy,
}

impl Goal {
    /// The latencies to meet; none where accuracy alone is searched for.
    pub fn targets(&self) -> &[Target] {
        match self {
            Goal::Targets { targets, .. } => targets,
            Goal::Accuracy => &[],
        }
    }
}

/// Why a search stopped.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A latency could not be had.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// The study could not be read or written.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// `progress` asked to stop; the study holds all trials so far.
    #[error("stopped")]
    Stopped,
    /// The study holds other genotypes than this search would have proposed.
    #[error(
        "trial {trial}: the study holds {stored} where this version of nas proposes {proposed}; \
         start a new study"
    )]
    Diverged {
        /// Counted from 0.
        trial: usize,
        /// The study's genotype.
        stored: String,
        /// This search's.
        proposed: String,
    },
}

/// Runs a search to its end, from where its study stands. Each batch is stored before anything
/// depends on it. `progress` sees all trials after each batch.
///
/// # Errors
/// A latency that cannot be had; a study that cannot be read or written, or is another search's.
pub fn search(
    problem: &Problem<'_>,
    settings: &SearchSettings,
    study: &mut Study,
    progress: &mut dyn FnMut(&[Trial]) -> ControlFlow<()>,
) -> Result<Vec<Trial>, SearchError> {
    let stored = study.trials(problem.domain)?;
    let mut searcher = Searcher::new(settings.algorithm, problem.domain, settings.seed);
    let mut trials: Vec<Trial> = Vec::with_capacity(settings.samples);
    for phase in phases(settings) {
        let score = |trial: &Trial| phase.objective.score(trial);
        if !trials.is_empty() {
            searcher.begin(&score);
        }
        while trials.len() < phase.end {
            let batch = propose(problem, settings, &phase, &mut searcher, &trials)?;
            if batch.is_empty() {
                break;
            }
            let evaluated = match stored.get(trials.len()..trials.len() + batch.len()) {
                Some(known) => replayed(problem, known, &batch, trials.len())?,
                None => {
                    let evaluated = evaluate(problem, &phase, &batch, settings)?;
                    study.record(problem.domain, trials.len(), &evaluated)?;
                    evaluated
                }
            };
            searcher.tell(&evaluated);
            trials.extend(evaluated);
            if progress(&trials).is_break() {
                return Err(SearchError::Stopped);
            }
        }
    }
    Ok(trials)
}

/// The next batch of a phase; empty where it has nothing more to propose.
///
/// A latency costs no trial: under a target, none is spent on networks that miss it, or are so fast
/// that a better one is to be had.
fn propose(
    problem: &Problem<'_>,
    settings: &SearchSettings,
    phase: &Phase,
    searcher: &mut Searcher<'_>,
    trials: &[Trial],
) -> Result<Vec<Genotype>, LatencyError> {
    let count = BATCH.min(phase.end - trials.len());
    let score = |trial: &Trial| phase.objective.score(trial);
    let accept = |least_ms: f64| {
        move |genotype: &Genotype| {
            let Some(candidate) = problem.candidate(genotype)? else { return Ok(false) };
            Ok(match (phase.objective, candidate.latency_ms) {
                (Objective::UnderTarget(target), Some(ms)) => {
                    (least_ms..=target.ms()).contains(&ms)
                }
                _ => true,
            })
        }
    };
    if let Objective::UnderTarget(target) = phase.objective {
        let batch = searcher.ask(count, &score, &accept(least_ms(trials, target)))?;
        if !batch.is_empty() {
            return Ok(batch);
        }
    }
    let batch = searcher.ask(count, &score, &accept(0.0))?;
    if !batch.is_empty() {
        return Ok(batch);
    }
    // Limits or a target that chance finds nothing for.
    let target = match phase.objective {
        Objective::UnderTarget(target) => Some(target),
        Objective::Reward(..) | Objective::Accuracy => None,
    };
    let found = least_excess(problem, target, settings.seed)?;
    let new = found.filter(|genotype| searcher.adopt(genotype));
    Ok(new.into_iter().collect())
}

/// The latency below which a network is not worth a trial, in milliseconds.
fn least_ms(trials: &[Trial], target: Target) -> f64 {
    let under = |trial: &Trial| {
        let ms = trial.latency_ms.filter(|&ms| ms <= target.ms())?;
        Some((trial.estimate.accuracy, ms))
    };
    let mut known: Vec<(f64, f64)> = trials.iter().filter_map(under).collect();
    if known.len() < BEST {
        return 0.0;
    }
    known.select_nth_unstable_by(BEST - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    LEAST_SHARE * known[..BEST].iter().map(|(_, ms)| *ms).fold(f64::INFINITY, f64::min)
}

fn replayed(
    problem: &Problem<'_>,
    known: &[Trial],
    batch: &[Genotype],
    first: usize,
) -> Result<Vec<Trial>, SearchError> {
    for (index, (trial, proposed)) in known.iter().zip(batch).enumerate() {
        if trial.genotype != *proposed {
            let [stored, proposed] = [&trial.genotype, proposed].map(|g| problem.domain.text(g));
            return Err(SearchError::Diverged { trial: first + index, stored, proposed });
        }
    }
    Ok(known.to_vec())
}

fn evaluate(
    problem: &Problem<'_>,
    phase: &Phase,
    genotypes: &[Genotype],
    settings: &SearchSettings,
) -> Result<Vec<Trial>, SearchError> {
    // The reward of a trial is the one that was asked for, also in the second half.
    let asked = match (&settings.goal, phase.objective) {
        (Goal::Targets { reward, .. }, Objective::UnderTarget(target)) => {
            Objective::Reward(*reward, target)
        }
        (_, objective) => objective,
    };
    let one = |genotype: &Genotype| {
        let candidate = problem.candidate(genotype)?;
        let mut trial = Trial {
            genotype: genotype.clone(),
            latency_ms: candidate.and_then(|candidate| candidate.latency_ms),
            estimate: problem.estimate(genotype),
            reward: 0.0,
            half: phase.objective.half(),
        };
        trial.reward = asked.score(&trial);
        Ok(trial)
    };
    // Collected in the order of the genotypes, whatever thread finishes first.
    genotypes.par_iter().map(one).collect()
}

/// Draws for each uniform sample that the limits should allow.
const DRAWS: usize = 100;

/// As many uniform samples among the candidates as the search has trials (fewer where limits allow
/// hardly any): what it is compared with. Not part of the study.
///
/// # Errors
/// A latency that cannot be had.
pub fn random_comparison(
    problem: &Problem<'_>,
    settings: &SearchSettings,
) -> Result<Vec<Trial>, SearchError> {
    let mut rng = rng(settings.seed, Purpose::Comparison, 0);
    let first = phases(settings).into_iter().next();
    let Some(phase) = first else { return Ok(Vec::new()) };
    let mut genotypes = Vec::with_capacity(settings.samples);
    for _ in 0..DRAWS * settings.samples {
        if genotypes.len() == settings.samples {
            break;
        }
        let genotype = problem.domain.sample(&mut rng);
        if problem.candidate(&genotype)?.is_some() {
            genotypes.push(genotype);
        }
    }
    evaluate(problem, &phase, &genotypes, settings)
}
