//! The block-wise search: the first half of the trials maximises the reward that was asked for, the
//! second half, from the same pool, searches under the target for accuracy.

use std::ops::ControlFlow;

use rayon::prelude::*;
use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace};

use crate::algorithm::{Algorithm, BATCH, Searcher};
use crate::limits::Limits;
use crate::random::{Purpose, rng};
use crate::reward::{Reward, Target};
use crate::study::{Study, StudyError};
use crate::trial::{Estimate, Half, Trial};

/// The least latency, as a share of the target, at which the second half looks while there is
/// anything there: a faster network could be a better one.
const LEAST_SHARE: f64 = 0.9;

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// What the first half maximises.
    pub reward: Reward,
    /// The latencies to meet; at least one.
    pub targets: Vec<Target>,
    /// What no trial exceeds.
    pub limits: Limits,
    /// Trials in all.
    pub samples: usize,
    /// Of all random numbers.
    pub seed: u64,
}

/// Where a search gets a genotype's accuracy from.
pub type Accuracy<'a> = &'a (dyn Fn(&Genotype) -> Estimate + Sync);

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
        stored: Genotype,
        /// This search's.
        proposed: Genotype,
    },
}

/// Runs a search to its end, from where its study stands. Each batch is stored before anything
/// depends on it. `progress` sees all trials after each batch.
///
/// # Errors
/// A latency that cannot be had; a study that cannot be read or written, or is another search's.
pub fn search(
    space: &SearchSpace,
    settings: &SearchSettings,
    accuracy: Accuracy<'_>,
    latency: &dyn LatencySource,
    study: &mut Study,
    progress: &mut dyn FnMut(&[Trial]) -> ControlFlow<()>,
) -> Result<Vec<Trial>, SearchError> {
    let stored = study.trials(space)?;
    let mut searcher = Searcher::new(settings.algorithm, space, settings.seed);
    let mut trials: Vec<Trial> = Vec::with_capacity(settings.samples);
    for phase in phases(settings) {
        let reward = phase.reward(settings);
        let score =
            |trial: &Trial| reward.of(trial.estimate.accuracy, trial.latency_ms, phase.target);
        if !trials.is_empty() {
            searcher.begin(&score);
        }
        let mut least_share = LEAST_SHARE;
        while trials.len() < phase.end {
            // The table tells a latency without a trial: the second half spends none on networks
            // that miss the target, or are so fast that a better one is to be had.
            let accept = |network: &Network| -> Result<bool, LatencyError> {
                if !settings.limits.allow(network) {
                    return Ok(false);
                }
                if phase.half == Half::Reward {
                    return Ok(true);
                }
                let share = latency.predict_ms(network)? / phase.target.ms();
                Ok((least_share..=1.0).contains(&share))
            };
            let count = BATCH.min(phase.end - trials.len());
            let batch = searcher.ask(count, &score, &accept)?;
            if batch.is_empty() && phase.half == Half::Target && least_share > 0.0 {
                least_share = 0.0;
                continue;
            }
            if batch.is_empty() {
                break;
            }
            let evaluated = match stored.get(trials.len()..trials.len() + batch.len()) {
                Some(known) => replayed(known, &batch, trials.len())?,
                None => {
                    let evaluated = evaluate(space, settings, &phase, accuracy, latency, &batch)?;
                    study.record(trials.len(), &evaluated)?;
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

/// A stretch of trials that searches for one thing.
struct Phase {
    half: Half,
    target: Target,
    /// Trials after it.
    end: usize,
}

impl Phase {
    /// What it maximises.
    fn reward(&self, settings: &SearchSettings) -> Reward {
        match self.half {
            Half::Reward => settings.reward,
            Half::Target => Reward::Hard,
        }
    }
}

/// A half is shared out among the targets; the first one only where they make a difference to the
/// reward: in the soft one, the target is a constant factor.
fn phases(settings: &SearchSettings) -> Vec<Phase> {
    let rewarded = match settings.reward {
        Reward::Soft(_) => &settings.targets[..1],
        Reward::Hard | Reward::Absolute(_) => &settings.targets[..],
    };
    let half = settings.samples / 2;
    let shared = |half: Half, targets: &[Target], start: usize, end: usize| -> Vec<Phase> {
        let share = |index: usize| start + (end - start) * (index + 1) / targets.len();
        let phase = |(index, &target)| Phase { half, target, end: share(index) };
        targets.iter().enumerate().map(phase).collect()
    };
    let mut phases = shared(Half::Reward, rewarded, 0, half);
    phases.extend(shared(Half::Target, &settings.targets, half, settings.samples));
    phases
}

fn replayed(known: &[Trial], batch: &[Genotype], first: usize) -> Result<Vec<Trial>, SearchError> {
    for (index, (trial, proposed)) in known.iter().zip(batch).enumerate() {
        if trial.genotype != *proposed {
            let (stored, proposed) = (trial.genotype.clone(), proposed.clone());
            return Err(SearchError::Diverged { trial: first + index, stored, proposed });
        }
    }
    Ok(known.to_vec())
}

fn evaluate(
    space: &SearchSpace,
    settings: &SearchSettings,
    phase: &Phase,
    accuracy: Accuracy<'_>,
    latency: &dyn LatencySource,
    genotypes: &[Genotype],
) -> Result<Vec<Trial>, SearchError> {
    let one = |genotype: &Genotype| {
        let failed = |error: search_space::Invalid| LatencyError {
            network: genotype.to_string(),
            message: error.to_string(),
        };
        let latency_ms = latency.predict_ms(&space.decode(genotype).map_err(failed)?)?;
        let estimate = accuracy(genotype);
        let reward = settings.reward.of(estimate.accuracy, latency_ms, phase.target);
        Ok(Trial { genotype: genotype.clone(), latency_ms, estimate, reward, half: phase.half })
    };
    // Collected in the order of the genotypes, whatever thread finishes first.
    genotypes.par_iter().map(one).collect()
}

/// Draws for each uniform sample that the limits should allow.
const DRAWS: usize = 100;

/// As many uniform samples within the limits as the search has trials (fewer where the limits allow
/// hardly any): what it is compared with. Not part of the study.
///
/// # Errors
/// A latency that cannot be had.
pub fn random_comparison(
    space: &SearchSpace,
    settings: &SearchSettings,
    accuracy: Accuracy<'_>,
    latency: &dyn LatencySource,
) -> Result<Vec<Trial>, SearchError> {
    let mut rng = rng(settings.seed, Purpose::Comparison, 0);
    let allowed = |genotype: &Genotype| {
        settings.limits.is_empty()
            || space.decode(genotype).is_ok_and(|network| settings.limits.allow(&network))
    };
    let drawn = std::iter::repeat_with(|| space.sample(&mut rng)).take(DRAWS * settings.samples);
    let genotypes: Vec<Genotype> = drawn.filter(allowed).take(settings.samples).collect();
    let phase = Phase { half: Half::Reward, target: settings.targets[0], end: settings.samples };
    evaluate(space, settings, &phase, accuracy, latency, &genotypes)
}
