//! The block-wise search: the first half of the trials maximises the reward that was asked for, the
//! second half, from the same pool, searches under the target for accuracy.

use std::ops::ControlFlow;

use rayon::prelude::*;
use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace};

use crate::algorithm::{Algorithm, BATCH, Searcher};
use crate::random::{Purpose, rng};
use crate::reward::{Reward, Target};
use crate::study::{Study, StudyError};
use crate::trial::{Estimate, Half, Trial};

/// The least latency, as a share of the target, at which the second half looks while there is
/// anything there: a faster network could be a better one.
const LEAST_SHARE: f64 = 0.9;

/// What a search is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchSettings {
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// What the first half maximises.
    pub reward: Reward,
    /// The latency to meet.
    pub target: Target,
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
    let first_half = settings.samples / 2;
    let mut least_share = LEAST_SHARE;
    let of_reward = |trial: &Trial| trial.reward;
    let of_target =
        |trial: &Trial| Reward::Hard.of(trial.estimate.accuracy, trial.latency_ms, settings.target);
    while trials.len() < settings.samples {
        let (half, score, end): (_, &dyn Fn(&Trial) -> f64, _) = if trials.len() < first_half {
            (Half::Reward, &of_reward, first_half)
        } else {
            (Half::Target, &of_target, settings.samples)
        };
        if trials.len() == first_half {
            searcher.begin(half, score);
        }
        // The table tells a latency without a trial: the second half spends none on networks that
        // miss the target, or are so fast that a better one is to be had.
        let near_target = |network: &Network| match half {
            Half::Reward => Ok(true),
            Half::Target => {
                let share = latency.predict_ms(network)? / settings.target.ms();
                Ok::<bool, LatencyError>((least_share..=1.0).contains(&share))
            }
        };
        let batch = searcher.ask(BATCH.min(end - trials.len()), score, &near_target)?;
        if batch.is_empty() && half == Half::Target && least_share > 0.0 {
            least_share = 0.0;
            continue;
        }
        if batch.is_empty() {
            break;
        }
        let evaluated = match stored.get(trials.len()..trials.len() + batch.len()) {
            Some(known) => replayed(known, &batch, trials.len())?,
            None => {
                let evaluated = evaluate(space, settings, accuracy, latency, &batch, half)?;
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
    Ok(trials)
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
    accuracy: Accuracy<'_>,
    latency: &dyn LatencySource,
    genotypes: &[Genotype],
    half: Half,
) -> Result<Vec<Trial>, SearchError> {
    let one = |genotype: &Genotype| {
        let failed = |error: search_space::Invalid| LatencyError {
            network: genotype.to_string(),
            message: error.to_string(),
        };
        let latency_ms = latency.predict_ms(&space.decode(genotype).map_err(failed)?)?;
        let estimate = accuracy(genotype);
        let reward = settings.reward.of(estimate.accuracy, latency_ms, settings.target);
        Ok(Trial { genotype: genotype.clone(), latency_ms, estimate, reward, half })
    };
    // Collected in the order of the genotypes, whatever thread finishes first.
    genotypes.par_iter().map(one).collect()
}

/// As many uniform samples as the search has trials: what it is compared with. Not part of the
/// study.
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
    let genotypes: Vec<Genotype> = (0..settings.samples).map(|_| space.sample(&mut rng)).collect();
    evaluate(space, settings, accuracy, latency, &genotypes, Half::Reward)
}
