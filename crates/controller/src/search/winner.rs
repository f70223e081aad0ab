//! The choice of winners by measured latency: candidates are measured in descending order of
//! accuracy until none of the remaining ones could be better.

use std::collections::HashMap;
use std::ops::ControlFlow;

use search_space::MeasuredLatency;

use crate::search::problem::{LatencyOf, Problem};
use crate::search::reward::{Reward, Target};
use crate::search::settings::{Goal, SearchError};
use crate::search::trial::Trial;
use crate::study::Study;

/// The maximum number of networks that are measured for one target.
pub const MAX_MEASURED: usize = 24;
/// Networks are candidates up to this multiple of the target, since they may be faster than
/// predicted.
const OPTIMISM: f64 = 1.1;

/// The winner of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    /// The index of its trial.
    pub trial: usize,
    /// The latency of the whole network in milliseconds that is compared with the target: the
    /// target's statistic of the measurement, or the latency of the table. `None` if the search has
    /// no latencies.
    pub measured_ms: Option<f64>,
    /// The measurement; `None` if nothing was measured.
    pub measured: Option<MeasuredLatency>,
}

/// The latency of a trial's whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialLatency {
    /// The latency in milliseconds that is compared with the target.
    pub ms: f64,
    /// The measurement; `None` if the latency is that of a table.
    pub measured: Option<MeasuredLatency>,
}

/// The winners for a target, or for accuracy alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Winners {
    /// The target; `None` in a search for accuracy alone.
    pub target: Option<Target>,
    /// The most accurate network that meets the target.
    pub best: Option<Winner>,
    /// The network with the highest reward for the target.
    pub best_by_reward: Option<Winner>,
}

/// The winners of a search: for each target [`best_under_target`] and [`best_by_reward`], or
/// [`best_by_accuracy`]. `progress` is called for each network that [`best_under_target`] measures.
///
/// # Errors
/// As [`best_under_target`].
pub fn winners(
    problem: &Problem<'_>,
    goal: &Goal,
    trials: &[Trial],
    study: &mut Study,
    progress: &mut dyn FnMut(&Trial, TrialLatency) -> ControlFlow<()>,
) -> Result<Vec<Winners>, SearchError> {
    let Goal::Targets { reward, targets, .. } = goal else {
        let best = best_by_accuracy(trials);
        return Ok(vec![Winners { target: None, best, best_by_reward: None }]);
    };
    let mut all = Vec::with_capacity(targets.len());
    for &target in targets {
        let best = best_under_target(problem, trials, target, study, progress)?;
        let best_by_reward = best_by_reward(problem, trials, (*reward, target), study)?;
        all.push(Winners { target: Some(target), best, best_by_reward });
    }
    Ok(all)
}

/// Networks from which NetAdapt starts are slower than the target by this factor or more, so that there is
/// something to narrow, and by the second one or less, so that not too much is lost.
const SEEDS: [f64; 2] = [1.08, 1.25];

/// The network from which NetAdapt may go on to a target: the most accurate trial whose predicted latency is
/// 8 to 25 % above the target; `None` if there is none.
pub fn netadapt_seed(trials: &[Trial], target: Target) -> Option<&Trial> {
    let [least, most] = SEEDS.map(|factor| factor * target.ms());
    let is_above = |trial: &&Trial| trial.latency_ms.is_some_and(|ms| (least..=most).contains(&ms));
    let accuracy = |trial: &Trial| trial.estimate.accuracy;
    // The first of equals.
    trials.iter().rev().filter(is_above).max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))
}

/// Measures candidates and returns the most accurate one whose measured latency is accepted under
/// the target, which keeps a margin below it; `None` if no measured one is.
///
/// The minimum ratio of measured to predicted latency so far corrects the predictions of the other
/// candidates. Every measurement is stored before anything depends on it. The latencies of a table
/// are taken as they are.
///
/// # Errors
/// Returns an error if a network cannot be measured, if the study cannot be read or written, or if
/// `progress` returns `Break`.
pub fn best_under_target(
    problem: &Problem<'_>,
    trials: &[Trial],
    target: Target,
    study: &mut Study,
    progress: &mut dyn FnMut(&Trial, TrialLatency) -> ControlFlow<()>,
) -> Result<Option<Winner>, SearchError> {
    let max_ms = match problem.latency {
        LatencyOf::Device(_) => target.max_measured_ms(),
        LatencyOf::Column(_) | LatencyOf::Unknown => target.ms(),
    };
    let mut order: Vec<(usize, f64)> = (0..trials.len())
        .filter_map(|index| Some((index, trials[index].latency_ms?)))
        .filter(|(_, predicted_ms)| *predicted_ms <= OPTIMISM * target.ms())
        .collect();
    let accuracy = |index: usize| trials[index].estimate.accuracy;
    order.sort_by(|&(a, _), &(b, _)| accuracy(b).total_cmp(&accuracy(a)).then(a.cmp(&b)));
    // The ratio of measured to predicted latency, by trial.
    let mut ratios: HashMap<usize, f64> = HashMap::new();
    let mut best: Option<(usize, TrialLatency)> = None;
    while ratios.len() < MAX_MEASURED {
        // The minimum, so that no candidate is skipped that might meet the target.
        let correction = ratios.values().copied().min_by(f64::total_cmp).unwrap_or(1.0);
        let hopeful = |(index, predicted_ms): &(usize, f64)| {
            predicted_ms * correction <= max_ms && !ratios.contains_key(index)
        };
        let Some((next, predicted_ms)) = order.iter().copied().find(hopeful) else { break };
        if best.is_some_and(|(best, _)| accuracy(best) >= accuracy(next)) {
            break;
        }
        let latency = measure(problem, &trials[next], target, study)?;
        if progress(&trials[next], latency).is_break() {
            return Err(SearchError::Stopped);
        }
        ratios.insert(next, latency.ms / predicted_ms);
        if latency.ms <= max_ms {
            best = Some((next, latency));
        }
    }
    Ok(best.map(|(trial, latency)| winner(trial, latency)))
}

/// The trial with the highest reward for `target` (which MnasNet searches for), measured. `None` without
/// trials.
///
/// # Errors
/// As [`best_under_target`].
pub fn best_by_reward(
    problem: &Problem<'_>,
    trials: &[Trial],
    (reward, target): (Reward, Target),
    study: &mut Study,
) -> Result<Option<Winner>, SearchError> {
    let of =
        |trial: &Trial| trial.latency_ms.map(|ms| reward.of(trial.estimate.accuracy, ms, target));
    let rewarded = trials.iter().enumerate().filter_map(|(index, t)| Some((index, of(t)?)));
    let best = rewarded.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let Some((trial, _)) = best else { return Ok(None) };
    let latency = measure(problem, &trials[trial], target, study)?;
    Ok(Some(winner(trial, latency)))
}

/// The most accurate trial, of equal ones the first; `None` without trials. This is for searches
/// for accuracy alone, so nothing is measured.
pub fn best_by_accuracy(trials: &[Trial]) -> Option<Winner> {
    let accuracy = |index: usize| trials[index].estimate.accuracy;
    let best =
        (0..trials.len()).max_by(|&a, &b| accuracy(a).total_cmp(&accuracy(b)).then(b.cmp(&a)));
    best.map(|trial| Winner { trial, measured_ms: None, measured: None })
}

fn winner(trial: usize, latency: TrialLatency) -> Winner {
    let TrialLatency { ms, measured } = latency;
    Winner { trial, measured_ms: Some(ms), measured }
}

/// The stored measurement of a trial, or a new one that is stored before it is returned. The
/// latency of a table is not a measurement of ours and is not stored.
fn measure(
    problem: &Problem<'_>,
    trial: &Trial,
    target: Target,
    study: &mut Study,
) -> Result<TrialLatency, SearchError> {
    let genotype = &trial.genotype;
    let unknown = |message: &str| problem.latency_error(genotype, message);
    let LatencyOf::Device(_) = problem.latency else {
        let ms = trial.latency_ms.ok_or_else(|| unknown("it has no latency"))?;
        return Ok(TrialLatency { ms, measured: None });
    };
    let text = problem.domain.text(genotype);
    let measured = match study.measurement(&text)? {
        Some(measured) => measured,
        None => {
            let measured = problem.measure(genotype)?;
            study.record_measurement(&text, &measured)?;
            measured
        }
    };
    let statistic = target.acceptance().statistic;
    let ms = statistic.of(&measured);
    let ms = ms.ok_or_else(|| unknown(&format!("the {} is not known", statistic.words())))?;
    Ok(TrialLatency { ms, measured: Some(measured) })
}

#[cfg(test)]
mod tests {
    use search_space::Genotype;

    use super::netadapt_seed;
    use crate::accuracy::Estimate;
    use crate::search::{Phase, Target, Trial};

    #[test]
    fn netadapt_starts_somewhat_above_the_target() {
        let trial = |option: u8, latency_ms: Option<f64>, accuracy: f64| Trial {
            genotype: Genotype(vec![option]),
            latency_ms,
            estimate: Estimate { accuracy, standard_error: 0.0 },
            reward: 0.0,
            phase: Phase::Reward,
        };
        let target = Target::new(10.0).expect("a target");
        let found = |trials: &[Trial]| netadapt_seed(trials, target).map(|one| one.genotype.0[0]);
        let near = [trial(0, Some(10.7), 0.9), trial(1, Some(12.6), 0.9), trial(2, None, 0.9)];
        assert_eq!(found(&near), None);
        let above =
            [trial(3, Some(12.4), 0.7), trial(4, Some(10.9), 0.8), trial(5, Some(11.0), 0.8)];
        assert_eq!(found(&[&near[..], &above].concat()), Some(4));
    }
}
