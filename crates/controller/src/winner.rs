//! Choosing by measured latency: candidates are measured in descending accuracy until none that is
//! left could do better.

use std::collections::HashMap;
use std::ops::ControlFlow;

use search_space::{Genotype, LatencyError, LatencySource, SearchSpace};

use crate::reward::{Reward, Target};
use crate::search::SearchError;
use crate::study::Study;
use crate::trial::Trial;

/// A measured latency counts as met when it is this share of the target or less: another process's
/// measurement differs by about as much.
pub const SAFETY: f64 = 0.985;
/// Networks measured for one target at most.
pub const MOST_MEASURED: usize = 24;
/// Predictions this far above the target are still candidates: they may measure faster.
const OPTIMISM: f64 = 1.1;

/// A network that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    /// Index of its trial.
    pub trial: usize,
    /// Median latency of the whole network in milliseconds.
    pub measured_ms: f64,
}

/// Measures candidates and returns the most accurate one whose measured latency meets the target,
/// None where none of those measured does.
///
/// The least ratio of measured to predicted latency so far corrects the predictions of the others.
/// Every measurement is stored before it decides anything.
///
/// # Errors
/// A network that cannot be measured; a study that cannot be written.
pub fn best_under_target(
    space: &SearchSpace,
    trials: &[Trial],
    target: Target,
    latency: &mut dyn LatencySource,
    study: &mut Study,
    progress: &mut dyn FnMut(&Trial, f64) -> ControlFlow<()>,
) -> Result<Option<Winner>, SearchError> {
    let mut order: Vec<usize> = (0..trials.len())
        .filter(|&index| trials[index].latency_ms <= OPTIMISM * target.ms())
        .collect();
    order.sort_by(|&a, &b| {
        trials[b].estimate.accuracy.total_cmp(&trials[a].estimate.accuracy).then(a.cmp(&b))
    });
    let mut measured: HashMap<usize, f64> = HashMap::new();
    let mut best: Option<Winner> = None;
    while measured.len() < MOST_MEASURED {
        let correction = correction(trials, &measured);
        let hopeful = |index: &usize| {
            let fits = trials[*index].latency_ms * correction <= SAFETY * target.ms();
            fits && !measured.contains_key(index)
        };
        let Some(next) = order.iter().copied().find(hopeful) else { break };
        let beaten = best.as_ref().is_some_and(|best| {
            trials[best.trial].estimate.accuracy >= trials[next].estimate.accuracy
        });
        if beaten {
            break;
        }
        let ms = measure(space, &trials[next].genotype, latency, study)?;
        if progress(&trials[next], ms).is_break() {
            return Err(SearchError::Stopped);
        }
        measured.insert(next, ms);
        if ms <= SAFETY * target.ms() {
            best = Some(Winner { trial: next, measured_ms: ms });
        }
    }
    Ok(best)
}

/// The trial with the greatest reward for `target` (the paper's winner), measured. None without
/// trials.
///
/// # Errors
/// As [`best_under_target`].
pub fn best_by_reward(
    space: &SearchSpace,
    trials: &[Trial],
    (reward, target): (Reward, Target),
    latency: &mut dyn LatencySource,
    study: &mut Study,
) -> Result<Option<Winner>, SearchError> {
    let of = |index: usize| {
        let trial = &trials[index];
        reward.of(trial.estimate.accuracy, trial.latency_ms, target)
    };
    let best = (0..trials.len()).max_by(|&a, &b| of(a).total_cmp(&of(b)).then(b.cmp(&a)));
    let Some(trial) = best else { return Ok(None) };
    let measured_ms = measure(space, &trials[trial].genotype, latency, study)?;
    Ok(Some(Winner { trial, measured_ms }))
}

/// The least ratio of measured to predicted latency, so that no candidate is passed over that might
/// do; 1 before anything is measured.
fn correction(trials: &[Trial], measured: &HashMap<usize, f64>) -> f64 {
    let ratios = measured.iter().map(|(&index, &ms)| ms / trials[index].latency_ms);
    ratios.min_by(f64::total_cmp).unwrap_or(1.0)
}

/// The stored measurement of a genotype, or a new one, stored before it is returned.
fn measure(
    space: &SearchSpace,
    genotype: &Genotype,
    latency: &mut dyn LatencySource,
    study: &mut Study,
) -> Result<f64, SearchError> {
    if let Some(ms) = study.measurement(genotype)? {
        return Ok(ms);
    }
    let network = space.decode(genotype).map_err(|error| LatencyError {
        network: genotype.to_string(),
        message: error.to_string(),
    })?;
    let ms = latency.measure_ms(&network)?;
    study.record_measurement(genotype, ms)?;
    Ok(ms)
}
