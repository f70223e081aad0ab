//! Which studies can be compared, and which differ in nothing but the seed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::database::StudySettings;
use super::error::StudyError;
use super::manifest::{LEVEL, Manifest, ManifestError};
use super::points::{StudyPoint, StudyPoints, read_points};

/// A study with at least one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparableStudy {
    /// The path that it was read from.
    pub path: PathBuf,
    /// What decides its trials.
    pub manifest: Manifest,
    /// The settings from which the manifest was read.
    pub settings: StudySettings,
    /// Its trials in order.
    pub points: Vec<StudyPoint>,
}

/// Studies of one search with different seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyGroup {
    /// The settings in which the groups differ, with their values. The value is empty if the group
    /// lacks the setting.
    pub differing: Vec<(String, String)>,
    /// The studies, at least one.
    pub studies: Vec<ComparableStudy>,
}

/// A setting in which two studies differ that they should share.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} and {}: cannot be compared: {name} is {} and {}; expected: {expected}",
    paths[0].display(), paths[1].display(), values[0], values[1]
)]
pub struct Difference {
    /// The paths of the studies.
    pub paths: [PathBuf; 2],
    /// The name of the setting.
    pub name: String,
    /// Its values in the two studies.
    pub values: [String; 2],
    /// What the studies should have.
    pub expected: &'static str,
}

/// Why studies cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A study cannot be read.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The settings of a study are invalid.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The path of the study.
        path: PathBuf,
        /// The setting that is invalid.
        source: ManifestError,
    },
    /// A study has no trials.
    #[error("{}: no trials yet", path.display())]
    Empty {
        /// The path of the study.
        path: PathBuf,
    },
    /// Two studies cannot be compared.
    #[error(transparent)]
    Differ(Box<Difference>),
    /// Two studies are of the same search and seed.
    #[error(
        "{} and {}: the same search twice, seed {seed}; expected: one study per seed",
        paths[0].display(), paths[1].display()
    )]
    SameSeed {
        /// The paths of the studies.
        paths: [PathBuf; 2],
        /// Their seed.
        seed: u64,
    },
}

/// The settings in which all compared studies agree: latencies of different devices or tables
/// cannot be compared, and neither can accuracies of different sources.
const COMMON: [&str; 6] = ["space", "accuracy", "device", "runtime", "threads", "latencies"];

impl ComparableStudy {
    /// Reads the study of an output folder, or a database, while a search may be writing it.
    ///
    /// # Errors
    /// [`CompareError`] if there is no study, if it has no trials, or if its settings are invalid.
    pub fn read(path: &Path) -> Result<Self, CompareError> {
        let StudyPoints { settings, points } = read_points(path)?;
        let path = path.to_path_buf();
        if points.is_empty() {
            return Err(CompareError::Empty { path });
        }
        match Manifest::from_settings(&settings) {
            Ok(manifest) => Ok(Self { path, manifest, settings, points }),
            Err(source) => Err(CompareError::Manifest { path, source }),
        }
    }

    /// The settings without the seed, the speed of the device at that time, and the optimum, which
    /// follows from the others.
    fn search(&self) -> StudySettings {
        let mut settings = self.settings.clone();
        settings.retain(|name, _| !["seed", LEVEL, "optimum"].contains(&name.as_str()));
        settings
    }

    fn has_same(&self, other: &Self, name: &str) -> Result<(), CompareError> {
        match self.settings.get(name) == other.settings.get(name) {
            true => Ok(()),
            false if name == "latencies" => {
                Err(self.differs(other, name, "the same, from one latency table"))
            }
            false => Err(self.differs(other, name, "the same")),
        }
    }

    fn differs(&self, other: &Self, name: &str, expected: &'static str) -> CompareError {
        let value =
            |study: &Self| study.settings.get(name).map_or("none", String::as_str).to_owned();
        CompareError::Differ(Box::new(Difference {
            paths: [self.path.clone(), other.path.clone()],
            name: name.to_owned(),
            values: [value(self), value(other)],
            expected,
        }))
    }
}

/// The targets in milliseconds that all studies have, in the order of the first study; `None`
/// stands for accuracy alone.
///
/// # Errors
/// [`CompareError::Differ`] if the studies cannot be compared.
pub fn common_targets(studies: &[ComparableStudy]) -> Result<Vec<Option<f64>>, CompareError> {
    let Some((first, others)) = studies.split_first() else { return Ok(Vec::new()) };
    let mut common = first.manifest.targets_ms();
    for other in others {
        for name in ["space", "accuracy"] {
            first.has_same(other, name)?;
        }
        let targets = other.manifest.targets_ms();
        common.retain(|target| targets.contains(target));
        if common.is_empty() {
            return Err(first.differs(other, "target_ms", "a target that all studies have"));
        }
        for name in COMMON {
            first.has_same(other, name)?;
        }
    }
    Ok(common)
}

/// Groups the studies by search, in the order of the first study of each.
///
/// # Errors
/// [`CompareError::SameSeed`] if two studies of a search have the same seed.
pub fn group_by_search(studies: Vec<ComparableStudy>) -> Result<Vec<StudyGroup>, CompareError> {
    let mut groups: Vec<StudyGroup> = Vec::new();
    for study in studies {
        let same_search = |group: &&mut StudyGroup| group.studies[0].search() == study.search();
        let Some(group) = groups.iter_mut().find(same_search) else {
            groups.push(StudyGroup { differing: Vec::new(), studies: vec![study] });
            continue;
        };
        let seed = study.manifest.seed;
        if let Some(same) = group.studies.iter().find(|other| other.manifest.seed == seed) {
            let paths = [same.path.clone(), study.path.clone()];
            return Err(CompareError::SameSeed { paths, seed });
        }
        group.studies.push(study);
    }
    let searches: Vec<StudySettings> =
        groups.iter().map(|group| group.studies[0].search()).collect();
    let names: BTreeSet<&String> = searches.iter().flat_map(StudySettings::keys).collect();
    let differ =
        |name: &String| searches.iter().any(|search| search.get(name) != searches[0].get(name));
    let differing: Vec<&String> = names.into_iter().filter(|name| differ(name)).collect();
    for (group, search) in groups.iter_mut().zip(&searches) {
        let value = |name: &&String| search.get(*name).cloned().unwrap_or_default();
        group.differing = differing.iter().map(|name| ((*name).clone(), value(name))).collect();
    }
    Ok(groups)
}
