//! Which studies can be compared, and which differ in nothing but the seed.

use std::collections::BTreeSet;

use anyhow::Result;
use controller::study::StudySettings;

use super::opened::{Opened, TargetMs};
use crate::exit::bad_input;
use crate::screen::grouped;

/// Studies of one search with different seeds.
pub(super) struct Group {
    /// The settings in which the groups differ.
    pub(super) label: String,
    pub(super) studies: Vec<Opened>,
}

/// What all compared studies have in common: latencies of different devices or tables cannot be compared,
/// and neither can accuracies of different sources.
const COMMON: [&str; 6] = ["space", "accuracy", "device", "runtime", "threads", "latencies"];

/// The targets that all studies have, in the order of the first.
pub(super) fn common_targets(studies: &[Opened]) -> Result<Vec<TargetMs>> {
    let Some((first, others)) = studies.split_first() else { return Ok(Vec::new()) };
    let mut common = first.manifest.targets_ms();
    for other in others {
        for name in ["space", "accuracy"] {
            same(first, other, name)?;
        }
        let targets = other.manifest.targets_ms();
        common.retain(|target| targets.contains(target));
        if common.is_empty() {
            return Err(differ(first, other, "target_ms", "expected: a target that all have"));
        }
        for name in COMMON {
            same(first, other, name)?;
        }
    }
    Ok(common)
}

fn same(first: &Opened, other: &Opened, name: &str) -> Result<()> {
    if first.settings.get(name) == other.settings.get(name) {
        return Ok(());
    }
    let expected = match name {
        "latencies" => "expected: the same, from one latency table",
        _ => "expected: the same",
    };
    Err(differ(first, other, name, expected))
}

fn differ(first: &Opened, other: &Opened, name: &str, expected: &str) -> anyhow::Error {
    let value = |study: &Opened| study.settings.get(name).map_or("none", String::as_str).to_owned();
    let places = format!("{} and {}", first.path.display(), other.path.display());
    let (first, other) = (value(first), value(other));
    bad_input(places, format!("cannot be compared: {name} is {first} and {other}; {expected}"))
}

/// The studies by groups, in the order of their first ones.
pub(super) fn of(studies: Vec<Opened>) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for study in studies {
        let same_search = |group: &&mut Group| kind(&group.studies[0]) == kind(&study);
        let Some(group) = groups.iter_mut().find(same_search) else {
            groups.push(Group { label: String::new(), studies: vec![study] });
            continue;
        };
        let same_seed = |other: &&Opened| other.manifest.seed == study.manifest.seed;
        if let Some(same) = group.studies.iter().find(same_seed) {
            let places = format!("{} and {}", same.path.display(), study.path.display());
            let seed = study.manifest.seed;
            let message = format!("the same search twice, seed {seed}; expected: one study a seed");
            return Err(bad_input(places, message));
        }
        group.studies.push(study);
    }
    let kinds: Vec<StudySettings> = groups.iter().map(|group| kind(&group.studies[0])).collect();
    let names: BTreeSet<&String> = kinds.iter().flat_map(StudySettings::keys).collect();
    let differ = |name: &String| kinds.iter().any(|kind| kind.get(name) != kinds[0].get(name));
    let differing: Vec<&String> = names.into_iter().filter(|name| differ(name)).collect();
    for (group, kind) in groups.iter_mut().zip(&kinds) {
        let texts = differing.iter().map(|name| text(name, kind.get(*name).map_or("", |v| v)));
        group.label = texts.collect::<Vec<_>>().join(", ");
        if group.label.is_empty() {
            group.label = group.studies[0].manifest.algorithm.to_string();
        }
    }
    Ok(groups)
}

/// The settings without the seed and what follows from the others.
fn kind(study: &Opened) -> StudySettings {
    let mut settings = study.settings.clone();
    settings.retain(|name, _| !["seed", "optimum"].contains(&name.as_str()));
    settings
}

/// A setting as a part of a label.
fn text(name: &str, value: &str) -> String {
    match (name, value) {
        (name, "") => format!("no {name}"),
        ("algorithm" | "reward" | "limits", value) => value.to_owned(),
        ("samples", value) => format!("{} trials", grouped(value)),
        ("target_ms", value) => format!("for {value} ms"),
        (name, value) => format!("{name} {value}"),
    }
}
