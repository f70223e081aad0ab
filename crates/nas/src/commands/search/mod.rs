//! `nas search`: searching for a network that meets a target, with its files and figures.

mod adapted;
mod budget;
mod figures;
mod finals;
mod images;
mod known_table;
mod next_steps;
mod proxy;
mod readme;
mod references;
mod results;
mod screen;
mod settings;
mod sources;
mod study;
mod supernet;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use controller::search::{
    Binding, Goal, MAX_MEASURED, SearchError, SearchSettings, Target, Trial, TrialLatency,
    check_limits, random_comparison, range, search, winners,
};
use controller::study::{Study, StudyError};

use crate::args::Global;
use crate::args_search::SearchArgs;
use crate::exit::{Outcome, bad_input, stopped};
use crate::progress::{Progress, note};
use crate::{interrupt, output_folder, tables};
use results::Results;
use sources::{Accuracy, Latency};

pub(crate) fn run(global: &Global, args: &SearchArgs) -> Result<Outcome> {
    let start = Instant::now();
    let mut settings = settings::of(global, args)?;
    let opened = sources::open(global, args)?;
    let out = output_folder::choose(
        args.out.as_deref(),
        &folder_name(opened.name(), &settings.goal),
        args.resume,
    );
    let path = out.join(controller::study::FILE_NAME);
    let resumes = match (Study::is_there(&out), args.resume) {
        (true, false) => return Err(bad_input("--out", StudyError::Exists { path })),
        (false, true) => return Err(output_folder::nothing_to_resume(&path)),
        (there, _) => there,
    };
    let problem = opened.problem();
    check_limits(&problem, global.seed)
        .map_err(|unmet| bad_input("--max", screen::unmet(&unmet)))?;
    let (mut latency_of_study, mut counts) = (None, None);
    if resumes {
        let continued = study::continued(&out, settings, args.samples, problem.limits)?;
        counts = budget::of_study(&args.images, continued.budget, &out)?;
        (settings, latency_of_study) = (continued.settings, Some(continued.latency));
        screen::extension(&settings).iter().for_each(|text| note(global, text));
    }
    set_jobs(global)?;
    let existed = out.exists();
    output_folder::prepare(&out)?;
    interrupt::listen();

    let mut sources = opened.complete(global, latency_of_study.as_ref())?;
    if let (Some(budget), false) = (args.images.budget, resumes) {
        counts = budget::counts(global, &args.images, &sources, &settings, budget)
            .inspect_err(|_| output_folder::leave_out(&out, existed))?;
        settings.samples = counts.map_or(settings.samples, |counts| counts.samples);
    }
    if let Some(epochs) = counts.and_then(|counts| counts.supernet_epochs) {
        sources = sources.with_supernet_epochs(epochs)?;
    }
    let problem = sources.problem();
    let range = range(&problem, global.seed)?;
    let mut results = Results::new(&sources, settings, range);
    if let Some(range) = range {
        if let Err(error) = results.settings.check_rewards(&range) {
            output_folder::leave_out(&out, existed);
            return Err(bad_input("--w", error));
        }
        note(global, &screen::range(&problem, &range, results.settings.goal.targets()));
        if let Latency::Device(native) = &sources.latency {
            note(global, &format!("speed of this CPU: {}", tables::level_words(native.level)));
            note(global, &screen::acceptance(results.settings.goal.targets()));
        }
        let cannot_be_met = |target: &Target| range.binding(*target) == Binding::CannotBeMet;
        let targets = results.settings.goal.targets();
        if !targets.is_empty() && targets.iter().all(cannot_be_met) {
            output_folder::leave_out(&out, existed);
            results.print(global, &out, start.elapsed())?;
            return Ok(Outcome::TargetNotMet);
        }
    }

    let mut study = study::open(&out, &sources, &results.settings, resumes, counts)?;
    readme::write_begun(&sources, &out)?;
    if let Accuracy::Supernet(supernet) = &sources.accuracy {
        supernet.train(global, &out)?;
    }
    if let Accuracy::Proxy(proxy) = &sources.accuracy {
        proxy.begin(&out)?;
    }
    run_search(global, &mut results, &mut study).map_err(|error| explain(error, &out))?;
    if results.trials.is_empty() {
        note(global, "no network was found that meets a target within the limits");
    }
    // A table may have fewer architectures than trials were asked for.
    let (samples, earlier) = (results.trials.len(), Vec::new());
    let as_many = SearchSettings { samples, earlier, ..results.settings.clone() };
    results.random = random(global, &results, &as_many).map_err(|error| explain(error, &out))?;
    results.references = sources.problem().references()?;
    results.write(&out)?;
    results.known = match references::known(global, &sources, &results.references)? {
        Some(known) => known,
        None => return Err(stopped(&out)),
    };
    let epochs = finals::epochs(&args.images, counts.map(|counts| counts.epochs));
    results.trained = finals::run(global, &args.images, epochs, &results, &out)?;
    results.adapted = adapted::run(global, args, epochs, &results, &out)?;
    results.print(global, &out, start.elapsed())?;
    let met = results.winners.iter().all(|winners| winners.best.is_some());
    Ok(if met { Outcome::Done } else { Outcome::TargetNotMet })
}

fn folder_name(name: &str, goal: &Goal) -> String {
    match goal {
        Goal::Accuracy => format!("search-{name}-accuracy"),
        Goal::Targets { targets, .. } => {
            let targets = targets.iter().map(|target| target.ms().to_string());
            format!("search-{name}-{}ms", targets.collect::<Vec<_>>().join("-"))
        }
    }
}

fn set_jobs(global: &Global) -> Result<()> {
    let jobs = global.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global().context("--jobs")
}

/// Runs the trials and chooses the winners, both with progress.
fn run_search(
    global: &Global,
    results: &mut Results<'_>,
    study: &mut Study,
) -> Result<(), SearchError> {
    let (problem, settings) = (results.sources.problem(), &results.settings);
    let targets = settings.goal.targets();
    let mut bar = Progress::start_with_picture(global, "searching");
    let mut at = |trials: &[Trial]| {
        let (done, best) = (trials.len(), screen::best_so_far(trials, targets));
        if let (Some(trial), false) = (trials.last(), targets.is_empty()) {
            bar.phase(figures::aim(trial.phase));
        }
        bar.at_with_picture(done, settings.samples, &best, || screen::front(trials, targets));
        interrupt::check()
    };
    let trials = search(&problem, settings, study, &mut at);
    bar.end();
    results.trials = trials?;
    let trials = &results.trials;

    // The latencies of a table are only looked up.
    let mut bar = match results.sources.latency {
        Latency::Device(_) => Progress::start(global, "measuring winners"),
        Latency::Column | Latency::Unknown => Progress::quiet(),
    };
    let max_measured = targets.len() * MAX_MEASURED;
    let mut measured = Vec::new();
    let mut at = |trial: &Trial, latency: TrialLatency| {
        measured.push((trial.clone(), latency));
        bar.at_most(measured.len(), max_measured, &screen::candidate(trial, latency.ms));
        interrupt::check()
    };
    let winners = winners(&problem, &settings.goal, trials, study, &mut at);
    bar.end();
    results.winners = winners?;
    results.measured = measured;
    Ok(())
}

/// The random search that the search is compared with.
fn random(
    global: &Global,
    results: &Results<'_>,
    settings: &SearchSettings,
) -> Result<Vec<Trial>, SearchError> {
    let mut bar = match results.sources.accuracy {
        // As many trainings again would be better spent on the search.
        Accuracy::Proxy(_) => return Ok(Vec::new()),
        // Only evaluations take time.
        Accuracy::Supernet(_) => Progress::start(global, "random networks"),
        Accuracy::Surrogate(_) | Accuracy::Table(_) => Progress::quiet(),
    };
    let random = random_comparison(&results.sources.problem(), settings, &mut |samples| {
        bar.at(samples.len(), settings.samples, "");
        interrupt::check()
    });
    bar.end();
    random
}

fn explain(error: SearchError, out: &Path) -> anyhow::Error {
    match error {
        SearchError::Stopped => stopped(out),
        error => error.into(),
    }
}
