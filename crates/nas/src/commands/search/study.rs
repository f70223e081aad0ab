//! The study of a search: its manifest and its notes.

use std::path::Path;

use anyhow::Result;
use controller::search::{Goal, SearchSettings};
use controller::study::{
    AccuracyId, LatencyId, Manifest, SourceIds, SpaceId, Study, StudyError, StudySettings,
};

use super::sources::{Accuracy, Latency, Sources};
use crate::exit::bad_input;

/// Resumes the study in `out`, or creates one.
pub(super) fn open(
    out: &Path,
    sources: &Sources,
    settings: &SearchSettings,
    resumes: bool,
) -> Result<Study> {
    let ids = ids(sources, &settings.goal)?;
    let manifest = Manifest::new(ids, settings, &sources.limits).to_settings();
    let study = if resumes {
        Study::resume(out, &manifest)
    } else {
        Study::create(out, &manifest, &notes(sources))
    };
    study.map_err(|error| match error {
        StudyError::Database { .. } if resumes => error.into(),
        error => bad_input("study", error),
    })
}

fn ids(sources: &Sources, goal: &Goal) -> Result<SourceIds> {
    let space = match &sources.space {
        Some(space) => SpaceId {
            name: space.name.clone(),
            fingerprint: Some(format!("{:016x}", space.fingerprint())),
        },
        None => SpaceId { name: "table".to_owned(), fingerprint: None },
    };
    let accuracy = match &sources.accuracy {
        Accuracy::Surrogate(_) => AccuracyId::Surrogate,
        Accuracy::Table(table) => AccuracyId::Table {
            name: table.name.clone(),
            fingerprint: format!("{:016x}", table.fingerprint),
            columns: table.columns.clone(),
        },
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
            }
        }
        Latency::Column => LatencyId::Column,
        Latency::Unknown => LatencyId::Unknown,
    };
    let optimum = sources.problem().optima(goal)?;
    Ok(SourceIds { space, accuracy, latency, optimum })
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
