//! The study of a search: its manifest and its notes.

use std::path::Path;

use anyhow::Result;
use controller::search::{BudgetCounts, Goal, Limits, SearchSettings};
use controller::study::{
    AccuracyId, LatencyId, Manifest, SourceIds, SpaceId, Study, StudyError, StudySettings,
};

use super::settings;
use super::sources::{Accuracy, Latency, Sources};
use crate::exit::bad_input;
use crate::shell;

/// A study that goes on.
pub(super) struct Continued {
    pub(super) settings: SearchSettings,
    /// Its source of latencies.
    pub(super) latency: LatencyId,
    /// The counts of its budget; `None` without one.
    pub(super) budget: Option<BudgetCounts>,
}

/// What the study in `out` goes on with. Another search is refused before anything is measured.
pub(super) fn continued(
    out: &Path,
    new: SearchSettings,
    samples: Option<usize>,
    limits: &Limits,
) -> Result<Continued> {
    let study = Study::open(out).map_err(unusable)?;
    let stored = study.manifest().map_err(unusable)?;
    let last = study.continued_by(new, limits).map_err(unusable)?;
    let settings = settings::continued(last, samples, out)?;
    Ok(Continued { settings, latency: stored.latency, budget: stored.budget })
}

/// Resumes the study in `out`, or creates one.
pub(super) fn open(
    out: &Path,
    sources: &Sources,
    settings: &SearchSettings,
    resumes: bool,
    budget: Option<BudgetCounts>,
) -> Result<Study> {
    let ids = ids(sources, &settings.goal)?;
    let manifest = Manifest { budget, ..Manifest::new(ids, settings, &sources.limits) };
    let manifest = manifest.to_settings();
    if resumes {
        return Study::resume(out, &manifest).map_err(unusable);
    }
    Study::create(out, &manifest, &notes(sources)).map_err(|error| bad_input("study", error))
}

/// The error of a study that cannot be continued.
fn unusable(error: StudyError) -> anyhow::Error {
    match error {
        StudyError::Database { .. } => error.into(),
        error => bad_input("study", error),
    }
}

fn ids(sources: &Sources, goal: &Goal) -> Result<SourceIds> {
    let space = sources.space.as_ref().map_or_else(SpaceId::of_table, SpaceId::from);
    let accuracy = match &sources.accuracy {
        Accuracy::Surrogate(_) => AccuracyId::Surrogate,
        Accuracy::Table(table) => AccuracyId::from(table.as_ref()),
        Accuracy::Supernet(supernet) => {
            AccuracyId::Supernet { fingerprint: supernet.fingerprint() }
        }
        Accuracy::Proxy(proxy) => AccuracyId::Proxy { fingerprint: proxy.fingerprint() },
    };
    let latency = match &sources.latency {
        Latency::Device(native) => {
            let setup = &native.table.setup;
            let units = sources.space.as_ref().map(|space| space.units()).unwrap_or_default();
            LatencyId::Device {
                device: setup.device.identity(),
                runtime: format!("{} {}", setup.runtime.name(), setup.runtime_version),
                threads: setup.threads,
                fingerprint: format!("{:016x}", native.table.fingerprint(&units)),
                level: native.level.ratio,
            }
        }
        Latency::Column => LatencyId::Column,
        Latency::Unknown => LatencyId::Unknown,
    };
    let optimum = sources.problem().optima(goal)?;
    Ok(SourceIds { space, accuracy, latency, optimum })
}

fn notes(sources: &Sources) -> StudySettings {
    let mut notes: StudySettings =
        [("command", shell::command()), ("tool_version", env!("CARGO_PKG_VERSION").to_owned())]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
    if let Latency::Device(native) = &sources.latency {
        notes.insert("table_date".to_owned(), native.table.date.clone());
    }
    notes
}
