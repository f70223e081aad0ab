//! A search's study: what decides its trials, and what is noted beside.

use std::path::Path;

use anyhow::Result;
use controller::{Goal, Reward, SearchSettings, Study, StudyError, StudySettings};

use super::sources::{Accuracy, Latency, Sources};
use crate::exit::bad_input;

/// Opens the study of `out`, or a new one.
pub(super) fn open(
    out: &Path,
    sources: &Sources,
    settings: &SearchSettings,
    resumes: bool,
) -> Result<Study> {
    let decides = deciding(sources, settings)?;
    let study = if resumes {
        Study::resume(out, &decides)
    } else {
        Study::create(out, &decides, &notes(sources))
    };
    study.map_err(|error| match error {
        StudyError::Database { .. } if resumes => error.into(),
        error => bad_input("study", error),
    })
}

/// What decides the trials: a study is resumed only with the same.
fn deciding(sources: &Sources, settings: &SearchSettings) -> Result<StudySettings> {
    let SearchSettings { algorithm, goal, samples, seed } = settings;
    let space = match &sources.space {
        Some(space) => format!("{} {:016x}", space.name, space.fingerprint()),
        None => "table".to_owned(),
    };
    let mut decides: StudySettings = [
        ("algorithm", algorithm.to_string()),
        ("limits", sources.limits.to_string()),
        ("samples", samples.to_string()),
        ("seed", seed.to_string()),
        ("space", space),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut decide = |name: &str, value: String| decides.insert(name.to_owned(), value);
    match goal {
        Goal::Accuracy => decide("maximize", "accuracy".to_owned()),
        Goal::Targets { reward, targets } => {
            let targets = targets.iter().map(|target| target.ms().to_string());
            decide("target_ms", targets.collect::<Vec<_>>().join(","));
            decide("reward", reward_words(*reward))
        }
    };
    match &sources.accuracy {
        Accuracy::Surrogate(_) => decide("accuracy", "surrogate".to_owned()),
        Accuracy::Table(table) => {
            let columns = table.columns.join(",");
            let value = format!("table {} {:016x}, {columns}", table.name, table.fingerprint);
            decide("accuracy", value)
        }
    };
    match &sources.latency {
        Latency::Device(native) => {
            let setup = &native.table.setup;
            let units = sources.space.as_ref().map(|space| space.units()).unwrap_or_default();
            decide("device", setup.device.identity());
            decide("runtime", format!("{} {}", setup.runtime.name(), setup.runtime_version));
            decide("threads", setup.threads.to_string());
            decide("latencies", format!("{:016x}", native.table.fingerprint(&units)))
        }
        Latency::Column => decide("latencies", "of the accuracy table".to_owned()),
        Latency::Unknown => decide("latencies", "none".to_owned()),
    };
    if let Some(optimum) = optimum(sources, goal)? {
        decide("optimum", optimum);
    }
    Ok(decides)
}

/// Of a table, which knows them: the best accuracy under each target, or of all.
fn optimum(sources: &Sources, goal: &Goal) -> Result<Option<String>> {
    let problem = sources.problem();
    let targets = match goal {
        Goal::Accuracy => vec![None],
        Goal::Targets { targets, .. } => targets.iter().copied().map(Some).collect(),
    };
    let mut optima = Vec::new();
    for target in targets {
        let Some(optimum) = problem.optimum(target)? else { return Ok(None) };
        optima.push(optimum.to_string());
    }
    Ok(Some(optima.join(",")))
}

fn reward_words(reward: Reward) -> String {
    match reward {
        Reward::Soft(exponent) => format!("soft, w {}", exponent.w()),
        Reward::Hard => "hard".to_owned(),
        Reward::Absolute(weight) => format!("absolute, w {}", weight.w()),
    }
}

fn notes(sources: &Sources) -> StudySettings {
    let mut notes: StudySettings = [
        ("command", std::env::args().collect::<Vec<_>>().join(" ")),
        ("tool_version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Latency::Device(native) = &sources.latency {
        notes.insert("table_date".to_owned(), native.table.date.clone());
    }
    notes
}
