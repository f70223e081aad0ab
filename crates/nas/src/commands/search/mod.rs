//! `nas search`: from a target to a network, its figures and its files.

mod figures;
mod references;
mod results;
mod screen;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use controller::surrogate::Surrogate;
use controller::{
    Binding, Estimate, Exponent, Reward, SearchError, SearchSettings, Study, StudyError,
    StudySettings, Target, Trial, random_comparison, range, search, study, winner,
};
use latency_predictor::NativeLatency;
use search_space::{Genotype, SearchSpace};

use crate::args::{Global, RewardKind, SearchArgs};
use crate::exit::{Outcome, bad_input};
use crate::progress::{Progress, note};
use crate::{interrupt, load, output_folder, tables};
use results::{Results, Winners};

pub(crate) fn run(global: &Global, args: &SearchArgs) -> Result<Outcome> {
    let start = Instant::now();
    let settings = settings(global, args)?;
    let space = load::space(&args.space)?;
    let surrogate = super::surrogate::shipped(&space)?;
    let mut open = tables::open(global, &args.table)?;
    let targets_ms = settings.targets.iter().map(|target| target.ms().to_string());
    let name = format!("search-{}-{}ms", space.name, targets_ms.collect::<Vec<_>>().join("-"));
    let out = output_folder::choose(args.out.as_deref(), &name, args.resume);
    let resumes = Study::is_there(&out);
    if resumes && !args.resume {
        let path = out.join(study::FILE_NAME);
        return Err(bad_input("--out", StudyError::Exists { path }));
    }
    output_folder::prepare(&out)?;
    interrupt::listen();
    set_jobs(global)?;

    tables::complete(global, &space, &mut open)?;
    let mut latency = NativeLatency { table: open.table, runs: args.runs.get() };
    let range = range(&space, &latency, global.seed)?;
    note(global, &screen::range(&space, &range, &settings.targets));
    let mut results = Results::new(&space, settings, range, latency.table.setup.clone());
    let cannot_be_met = |target: &Target| range.binding(*target) == Binding::CannotBeMet;
    if results.settings.targets.iter().all(cannot_be_met) {
        // Nothing was searched: leave no empty folder behind.
        _ = std::fs::remove_dir(&out);
        results.print(global, &out, start.elapsed())?;
        return Ok(Outcome::TargetNotMet);
    }

    let decides = deciding(&space, &results.settings, &latency);
    let mut study = open_study(&out, &decides, &notes(&latency), resumes)?;
    let accuracy = |genotype: &Genotype| estimate(&surrogate, genotype);
    run_search(global, &mut results, &accuracy, &mut latency, &mut study)
        .map_err(|error| explain(error, &out))?;
    if results.trials.is_empty() {
        note(global, &screen::binding_limits(&space, &results.settings));
    }
    results.random = random_comparison(&space, &results.settings, &accuracy, &latency)?;
    results.references = references::of(&space, &accuracy, &latency);
    results.write(&out)?;
    results.print(global, &out, start.elapsed())?;
    let met = results.winners.iter().all(|winners| winners.best.is_some());
    Ok(if met { Outcome::Done } else { Outcome::TargetNotMet })
}

fn settings(global: &Global, args: &SearchArgs) -> Result<SearchSettings> {
    let mut targets = Vec::with_capacity(args.target_ms.len());
    for &ms in &args.target_ms {
        let target = Target::new(ms).map_err(|error| bad_input("--target-ms", error))?;
        if targets.contains(&target) {
            return Err(bad_input("--target-ms", format!("found {ms} twice; allowed: once")));
        }
        targets.push(target);
    }
    let exponent = |w: Option<f64>| {
        w.map_or(Ok(Exponent::DEFAULT), Exponent::new).map_err(|error| bad_input("--w", error))
    };
    let reward = match (args.reward, args.w) {
        (RewardKind::Soft, w) => Reward::Soft(exponent(w)?),
        (RewardKind::Absolute, w) => Reward::Absolute(exponent(w)?),
        (RewardKind::Hard, None) => Reward::Hard,
        (RewardKind::Hard, Some(w)) => {
            let message = format!("found {w}; the hard reward has exponents of its own, 0 and -1");
            return Err(bad_input("--w", message));
        }
    };
    let fewest = 2 * targets.len();
    if args.samples < fewest {
        let message = format!(
            "found {}; allowed: {fewest} and more, one for each half and target",
            args.samples
        );
        return Err(bad_input("--samples", message));
    }
    let (algorithm, samples, seed) = (args.algorithm, args.samples, global.seed);
    let limits = args.max.clone().unwrap_or_default();
    Ok(SearchSettings { algorithm, reward, targets, limits, samples, seed })
}

fn set_jobs(global: &Global) -> Result<()> {
    let jobs = global.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global().context("--jobs")
}

/// A surrogate is bound to its space, and every genotype of a search is one of that space.
fn estimate(surrogate: &Surrogate, genotype: &Genotype) -> Estimate {
    let unknown = Estimate { accuracy: 0.0, standard_error: 0.0 };
    surrogate.predict(genotype).map_or(unknown, |prediction| Estimate {
        accuracy: prediction.accuracy,
        standard_error: prediction.standard_error,
    })
}

/// What decides the trials: a study is resumed only with the same.
fn deciding(
    space: &SearchSpace,
    settings: &SearchSettings,
    latency: &NativeLatency,
) -> StudySettings {
    let SearchSettings { algorithm, reward, targets, limits, samples, seed } = settings;
    let targets_ms: Vec<String> = targets.iter().map(|target| target.ms().to_string()).collect();
    let reward = match reward {
        Reward::Soft(exponent) => format!("soft, w {}", exponent.w()),
        Reward::Hard => "hard".to_owned(),
        Reward::Absolute(weight) => format!("absolute, w {}", weight.w()),
    };
    let setup = &latency.table.setup;
    let runtime = format!("{} {}", setup.runtime.name(), setup.runtime_version);
    [
        ("accuracy", "surrogate".to_owned()),
        ("algorithm", algorithm.to_string()),
        ("device", setup.device.identity()),
        ("limits", limits.to_string()),
        ("latencies", format!("{:016x}", latency.table.fingerprint(&space.units()))),
        ("reward", reward),
        ("runtime", runtime),
        ("samples", samples.to_string()),
        ("seed", seed.to_string()),
        ("space", format!("{} {:016x}", space.name, space.fingerprint())),
        ("target_ms", targets_ms.join(",")),
        ("threads", setup.threads.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn notes(latency: &NativeLatency) -> StudySettings {
    [
        ("command", std::env::args().collect::<Vec<_>>().join(" ")),
        ("table_date", latency.table.date.clone()),
        ("tool_version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn open_study(
    out: &Path,
    decides: &StudySettings,
    notes: &StudySettings,
    resumes: bool,
) -> Result<Study> {
    let study =
        if resumes { Study::resume(out, decides) } else { Study::create(out, decides, notes) };
    study.map_err(|error| match error {
        StudyError::Database { .. } if resumes => error.into(),
        error => bad_input("study", error),
    })
}

/// Trials and winners, each with its progress.
fn run_search(
    global: &Global,
    results: &mut Results<'_>,
    accuracy: controller::search::Accuracy<'_>,
    latency: &mut NativeLatency,
    study: &mut Study,
) -> Result<(), SearchError> {
    let (space, settings) = (results.space, &results.settings);
    let mut bar = Progress::start(global, "searching");
    let mut at = |trials: &[Trial]| {
        bar.at(trials.len(), settings.samples, &screen::best_so_far(trials, &settings.targets));
        interrupt::check()
    };
    let trials = search(space, settings, accuracy, latency, study, &mut at);
    bar.end();
    results.trials = trials?;
    let trials = &results.trials;

    let mut bar = Progress::start(global, "measuring winners");
    let most = settings.targets.len() * winner::MOST_MEASURED;
    let mut measured = Vec::new();
    let mut at = |trial: &Trial, ms: f64| {
        measured.push((trial.clone(), ms));
        bar.at(measured.len(), most, &screen::candidate(trial, ms));
        interrupt::check()
    };
    let mut winners = Vec::new();
    for &target in &settings.targets {
        let best = winner::best_under_target(space, trials, target, latency, study, &mut at)?;
        let wanted = (settings.reward, target);
        let best_by_reward = winner::best_by_reward(space, trials, wanted, latency, study)?;
        winners.push(Winners { target, best, best_by_reward });
    }
    bar.end();
    results.winners = winners;
    results.measured = measured;
    Ok(())
}

fn explain(error: SearchError, out: &Path) -> anyhow::Error {
    match error {
        SearchError::Stopped => {
            let out = out.display();
            anyhow::anyhow!("stopped; the same command with --out {out} --resume continues")
        }
        error => error.into(),
    }
}
