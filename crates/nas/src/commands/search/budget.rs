//! The budget of a search on images: what its parts cost here, and the counts that fit.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use controller::final_trainings::{FinalTraining, MeasuredNetwork};
use controller::random::{Purpose, rng};
use controller::search::{BudgetCounts, Candidate, SearchSettings, UnitCosts};
use report::duration;
use search_space::Genotype;
use training::fit::FitSettings;

use super::finals;
use super::sources::{Accuracy, Latency, Sources};
use crate::args::Global;
use crate::args_images::{BaselinesKind, ImagesArgs};
use crate::exit::{bad_input, training_error};
use crate::progress::note;

/// Number of random networks of which the one nearest to the target is timed.
const DRAWN: usize = 300;
/// The time that measuring the candidates for the winner takes, and that of its baselines, whatever the
/// counts, in seconds.
const MEASURING_S: f64 = 30.0;
const MEASURING_BASELINES_S: f64 = 150.0;
/// Networks that are evaluated for each trial of a search with a supernet: its own, and one of the random
/// search beside it.
const EVALUATED: f64 = 2.0;

/// Times what a search on images consists of, and turns the budget into counts.
pub(super) fn counts(
    global: &Global,
    args: &ImagesArgs,
    sources: &Sources,
    settings: &SearchSettings,
    budget: Duration,
) -> Result<Option<BudgetCounts>> {
    let (Some((data, resolution)), Some(space)) = (sources.accuracy.images(), &sources.space)
    else {
        return Ok(None);
    };
    let Some(Candidate { genotype, latency_ms }) = nearest(sources, settings)? else {
        return Err(bad_input("--space", "found no network that can be computed"));
    };
    note(global, "timing a few steps, to turn the budget into counts");
    let network = space.decode(&genotype)?;
    let network = MeasuredNetwork { network, latency_ms: latency_ms.unwrap_or(f64::NAN) };
    let train_resolution = Some(resolution);
    let fit = FitSettings { train_resolution, seed: global.seed, ..FitSettings::default() };
    let training = FinalTraining::from_scratch("timed", &network, &fit, 0);
    let threads = global.training_threads();
    let final_epoch_s = training.epoch_s(data, threads);
    let final_epoch_s = final_epoch_s.map_err(|error| training_error("--space", error))?;
    let (supernet_epoch_s, trial_s) = match &sources.accuracy {
        Accuracy::Supernet(supernet) => {
            let times = supernet.time(&genotype)?;
            let jobs = global.jobs.map_or(threads, usize::from).max(1) as f64;
            (Some(times.epoch_s), EVALUATED * times.evaluation_s / jobs)
        }
        Accuracy::Proxy(proxy) => (None, proxy.epochs() as f64 * final_epoch_s),
        Accuracy::Surrogate(_) | Accuracy::Table(_) => return Ok(None),
    };
    let fixed_s = match (&sources.latency, args.baselines) {
        (Latency::Column | Latency::Unknown, _) => 0.0,
        (Latency::Device(_), Some(BaselinesKind::None)) => MEASURING_S,
        (Latency::Device(_), Some(BaselinesKind::All) | None) => {
            MEASURING_S + MEASURING_BASELINES_S
        }
    };
    let costs = UnitCosts { supernet_epoch_s, trial_s, final_epoch_s, fixed_s };
    let winners = settings.goal.targets().len().max(1);
    let trainings = winners * finals::most_trainings(args);
    let counts = BudgetCounts::within(budget, &costs, trainings).map_err(|short| {
        let (needed, least) = (duration(short.needed.as_secs_f64()), words(&short.counts));
        let found = humantime::format_duration(budget);
        bad_input("--budget", format!("found {found}; expected: at least {needed}, for {least}"))
    })?;
    let (text, takes) = (words(&counts), counts.takes(&costs, trainings));
    let about = duration(takes.as_secs_f64());
    note(global, &format!("the budget is enough for\n{text}:\nabout {about}"));
    Ok(Some(counts))
}

/// The counts in words.
fn words(counts: &BudgetCounts) -> String {
    let BudgetCounts { supernet_epochs, samples, epochs } = counts;
    let supernet = supernet_epochs
        .map_or(String::new(), |epochs| format!("{epochs} epochs of the supernet, "));
    format!("{supernet}{samples} trials and {epochs} epochs of each training")
}

/// The counts of the study that is continued, which a budget does not change.
pub(super) fn of_study(
    args: &ImagesArgs,
    stored: Option<BudgetCounts>,
    out: &Path,
) -> Result<Option<BudgetCounts>> {
    match (args.budget, stored) {
        (Some(_), None) => {
            let message = format!("the study in {} was begun without a budget", out.display());
            Err(bad_input("--budget", message))
        }
        (_, stored) => Ok(stored),
    }
}

/// Of random networks, the one whose predicted latency is nearest to the first target; without a target,
/// the one with the most multiply-adds.
fn nearest(sources: &Sources, settings: &SearchSettings) -> Result<Option<Candidate>> {
    let problem = sources.problem();
    let target_ms = settings.goal.targets().first().map(|target| target.ms());
    let mut rng = rng(settings.seed, Purpose::RandomNetworks, 1);
    let mut candidates = Vec::new();
    for _ in 0..DRAWN {
        candidates.extend(problem.candidate(&problem.domain.sample(&mut rng))?);
    }
    let off = |candidate: &Candidate| match (target_ms, candidate.latency_ms) {
        (Some(target_ms), Some(ms)) => (ms / target_ms).ln().abs(),
        _ => -macs(sources, &candidate.genotype),
    };
    Ok(candidates.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))))
}

fn macs(sources: &Sources, genotype: &Genotype) -> f64 {
    sources.problem().cost(genotype).map_or(0.0, |cost| cost.macs as f64)
}
