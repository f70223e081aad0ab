//! The manifest of a study: a study is resumed only with the same manifest, and compared with
//! others by it.

use std::str::FromStr;

use super::database::StudySettings;
use crate::accuracy::AccuracyTable;
use crate::search::algorithm::Algorithm;
use crate::search::{
    Acceptance, BudgetCounts, Exponent, FrontShare, Goal, Limits, Margin, Reward, SearchSettings,
    Target,
};
use search_space::{SearchSpace, Statistic};

/// The sources of a search, identified by their contents.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceIds {
    /// The space that is searched.
    pub space: SpaceId,
    /// The source of accuracies.
    pub accuracy: AccuracyId,
    /// The source of latencies.
    pub latency: LatencyId,
    /// The best accuracy for each target, in order, or of all genotypes in a search for accuracy
    /// alone; `None` if it is unknown.
    pub optimum: Option<Vec<f64>>,
}

/// What decides the trials of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The space that is searched.
    pub space: SpaceId,
    /// The source of accuracies.
    pub accuracy: AccuracyId,
    /// The source of latencies.
    pub latency: LatencyId,
    /// What is searched for.
    pub goal: Goal,
    /// How genotypes are proposed.
    pub algorithm: Algorithm,
    /// The limits that no network may exceed.
    pub limits: Limits,
    /// The total number of trials.
    pub samples: usize,
    /// The total numbers of trials before each extension, increasing and below `samples`.
    pub earlier: Vec<usize>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The best accuracy for each target, in order, or of all genotypes in a search for accuracy
    /// alone; `None` if it is unknown.
    pub optimum: Option<Vec<f64>>,
    /// The counts that a budget of time was turned into; `None` without a budget.
    pub budget: Option<BudgetCounts>,
}

/// A search space, identified by its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceId {
    /// The name of the space.
    pub name: String,
    /// A hash of its choices in hexadecimal; `None` for the architectures of a table.
    pub fingerprint: Option<String>,
}

impl SpaceId {
    /// The architectures of a table.
    pub fn of_table() -> Self {
        Self { name: "table".to_owned(), fingerprint: None }
    }
}

impl From<&SearchSpace> for SpaceId {
    fn from(space: &SearchSpace) -> Self {
        let fingerprint = Some(format!("{:016x}", space.fingerprint()));
        Self { name: space.name.clone(), fingerprint }
    }
}

/// An accuracy source, identified by its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccuracyId {
    /// The surrogate that comes with the tool.
    Surrogate,
    /// A table.
    Table {
        /// The name of its file.
        name: String,
        /// A hash of its uncompressed text in hexadecimal.
        fingerprint: String,
        /// The columns that are read.
        columns: Vec<String>,
    },
    /// A supernet.
    Supernet {
        /// A hash of the settings of its training in hexadecimal, those of the images among them.
        fingerprint: String,
    },
    /// Short trainings.
    Proxy {
        /// A hash of what decides the evaluations in hexadecimal.
        fingerprint: String,
    },
}

impl From<&AccuracyTable> for AccuracyId {
    fn from(table: &AccuracyTable) -> Self {
        let AccuracyTable { name, fingerprint, columns, .. } = table;
        let fingerprint = format!("{fingerprint:016x}");
        Self::Table { name: name.clone(), fingerprint, columns: columns.clone() }
    }
}

/// A source of latencies, identified by its contents.
#[derive(Clone, Debug, PartialEq)]
pub enum LatencyId {
    /// A device's latency table.
    Device {
        /// The CPU with its instruction sets and caches.
        device: String,
        /// What executes the networks, with its version.
        runtime: String,
        /// The number of threads that run a network.
        threads: usize,
        /// A hash of the latencies of the space's blocks in hexadecimal.
        fingerprint: String,
        /// The speed of the device relative to the table with which latencies are predicted: their
        /// ratio to the sums of the table, above 1 for a slower device.
        level: f64,
    },
    /// A column of the accuracy table.
    Column,
    /// There are no latencies.
    Unknown,
}

/// A setting of a study is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: found {found}; expected: {expected}")]
pub struct ManifestError {
    /// The name of the setting.
    pub name: &'static str,
    /// The text of the setting; `nothing` if it is missing.
    pub found: String,
    /// What it should be.
    pub expected: &'static str,
}

impl Manifest {
    /// The manifest of a search with these sources.
    pub fn new(sources: SourceIds, settings: &SearchSettings, limits: &Limits) -> Self {
        let SourceIds { space, accuracy, latency, optimum } = sources;
        let SearchSettings { algorithm, goal, samples, earlier, seed } = settings.clone();
        let limits = limits.clone();
        let budget = None;
        Self {
            space,
            accuracy,
            latency,
            goal,
            algorithm,
            limits,
            samples,
            earlier,
            seed,
            optimum,
            budget,
        }
    }

    /// The manifest of another search with the same sources and budget. Its optimum is that of this
    /// one.
    pub fn with_search(&self, settings: &SearchSettings, limits: &Limits) -> Self {
        let Self { space, accuracy, latency, optimum, budget, .. } = self.clone();
        let sources = SourceIds { space, accuracy, latency, optimum };
        Self { budget, ..Self::new(sources, settings, limits) }
    }

    /// The target latencies in milliseconds; a single `None` in a search for accuracy alone.
    pub fn targets_ms(&self) -> Vec<Option<f64>> {
        self.goal.each_target().into_iter().map(|target| target.map(Target::ms)).collect()
    }

    /// The best possible accuracy for a target, if the accuracy source knows it.
    pub fn optimum_for(&self, target_ms: Option<f64>) -> Option<f64> {
        let place = self.targets_ms().iter().position(|&other| other == target_ms)?;
        self.optimum.as_ref()?.get(place).copied()
    }

    /// The manifest as settings, each of them a human-readable text.
    pub fn to_settings(&self) -> StudySettings {
        let mut settings = StudySettings::new();
        let mut set = |name: &str, value: String| _ = settings.insert(name.to_owned(), value);
        set("algorithm", self.algorithm.to_string());
        set("limits", self.limits.to_string());
        let totals = self.earlier.iter().chain([&self.samples]).map(usize::to_string);
        set(SAMPLES, totals.collect::<Vec<_>>().join(","));
        set("seed", self.seed.to_string());
        let SpaceId { name, fingerprint } = &self.space;
        set("space", fingerprint.as_ref().map_or(name.clone(), |hash| format!("{name} {hash}")));
        match &self.goal {
            Goal::Accuracy => set("maximize", "accuracy".to_owned()),
            Goal::Targets { reward, targets, front } => {
                set("target_ms", joined(targets.iter().map(|target| target.ms())));
                let acceptance = targets.first().map(|target| target.acceptance());
                // The latencies of a table are compared with the targets as they are.
                if let (Some(acceptance), LatencyId::Device { .. }) = (acceptance, &self.latency) {
                    set("statistic", acceptance.statistic.name().to_owned());
                    set("margin", acceptance.margin.share().to_string());
                }
                set("reward", reward_text(*reward));
                // Studies without the phase lack the setting, as those of early versions do.
                if *front != FrontShare::NONE {
                    set("front", front.share().to_string());
                }
            }
        }
        match &self.accuracy {
            AccuracyId::Surrogate => set("accuracy", "surrogate".to_owned()),
            AccuracyId::Table { name, fingerprint, columns } => {
                set("accuracy", format!("table {name} {fingerprint}, {}", columns.join(",")));
            }
            AccuracyId::Supernet { fingerprint } => {
                set("accuracy", format!("{SUPERNET}{fingerprint}"));
            }
            AccuracyId::Proxy { fingerprint } => set("accuracy", format!("{PROXY}{fingerprint}")),
        }
        match &self.latency {
            LatencyId::Device { device, runtime, threads, fingerprint, level } => {
                set("device", device.clone());
                set("runtime", runtime.clone());
                set("threads", threads.to_string());
                set("latencies", fingerprint.clone());
                // Studies at the level of the table lack the setting, as those of early versions do.
                if *level != 1.0 {
                    set(LEVEL, level.to_string());
                }
            }
            LatencyId::Column => set("latencies", COLUMN.to_owned()),
            LatencyId::Unknown => set("latencies", NONE.to_owned()),
        }
        if let Some(optimum) = &self.optimum {
            set("optimum", joined(optimum.iter().copied()));
        }
        if let Some(budget) = &self.budget {
            set(BUDGET, budget.to_string());
        }
        settings
    }

    /// Reads the manifest from the settings of a study.
    ///
    /// # Errors
    /// [`ManifestError`] for the first setting that no search writes.
    pub fn from_settings(settings: &StudySettings) -> Result<Self, ManifestError> {
        let settings = Settings(settings);
        let space = settings.text("space")?;
        let space = match space.rsplit_once(' ') {
            Some((name, hash)) => {
                SpaceId { name: name.to_owned(), fingerprint: Some(hash.to_owned()) }
            }
            None => SpaceId { name: space.to_owned(), fingerprint: None },
        };
        let accuracy = match settings.text("accuracy")? {
            "surrogate" => AccuracyId::Surrogate,
            text if text.starts_with(SUPERNET) => {
                AccuracyId::Supernet { fingerprint: text[SUPERNET.len()..].to_owned() }
            }
            text if text.starts_with(PROXY) => {
                AccuracyId::Proxy { fingerprint: text[PROXY.len()..].to_owned() }
            }
            text => {
                let table =
                    text.strip_prefix("table ").ok_or_else(|| settings.error("accuracy"))?;
                let (table, columns) = table.split_once(", ").unwrap_or((table, ""));
                let (name, hash) = table.rsplit_once(' ').unwrap_or((table, ""));
                AccuracyId::Table {
                    name: name.to_owned(),
                    fingerprint: hash.to_owned(),
                    columns: columns.split(',').map(str::to_owned).collect(),
                }
            }
        };
        // Studies of early versions lack the setting where there are no latencies.
        let latency = match settings.text("latencies").unwrap_or(NONE) {
            COLUMN => LatencyId::Column,
            NONE => LatencyId::Unknown,
            fingerprint => LatencyId::Device {
                device: settings.text("device")?.to_owned(),
                // Studies of early versions lack these two settings.
                runtime: settings.text("runtime").unwrap_or_default().to_owned(),
                threads: settings.parsed("threads").unwrap_or(1),
                fingerprint: fingerprint.to_owned(),
                level: match settings.0.contains_key(LEVEL) {
                    true => settings.parsed(LEVEL)?,
                    false => 1.0,
                },
            },
        };
        let goal = match settings.0.contains_key("target_ms") {
            false => Goal::Accuracy,
            true => {
                let front = match settings.0.contains_key("front") {
                    false => FrontShare::NONE,
                    true => FrontShare::new(settings.parsed("front")?)
                        .map_err(|_| settings.error("front"))?,
                };
                let error = |_| settings.error("target_ms");
                let acceptance = settings.acceptance()?;
                let target = |ms| Target::new(ms).map(|target| target.accepting(acceptance));
                let targets = settings.values("target_ms")?.into_iter().map(target);
                Goal::Targets {
                    reward: reward(settings.text("reward")?)
                        .ok_or_else(|| settings.error("reward"))?,
                    targets: targets.collect::<Result<_, _>>().map_err(error)?,
                    front,
                }
            }
        };
        let optimum = match settings.0.contains_key("optimum") {
            true => Some(settings.values("optimum")?),
            false => None,
        };
        let targets = goal.targets().len().max(1);
        if optimum.as_ref().is_some_and(|optimum: &Vec<f64>| optimum.len() != targets) {
            return Err(ManifestError { expected: "one per target", ..settings.error("optimum") });
        }
        let limits = match settings.text("limits")? {
            "" => Limits::default(),
            _ => settings.parsed("limits")?,
        };
        let (samples, earlier) =
            totals(settings.text(SAMPLES)?).ok_or_else(|| settings.error(SAMPLES))?;
        Ok(Self {
            space,
            accuracy,
            latency,
            goal,
            algorithm: settings.parsed("algorithm")?,
            limits,
            samples,
            earlier,
            seed: settings.parsed("seed")?,
            optimum,
            budget: settings.0.get(BUDGET).map(|_| settings.parsed(BUDGET)).transpose()?,
        })
    }
}

/// The setting that is the total number of trials, after those before each extension.
pub(super) const SAMPLES: &str = "samples";
/// The setting that is the level of predicted latencies.
pub(super) const LEVEL: &str = "latency_level";
/// The start of the text of [`AccuracyId::Supernet`].
const SUPERNET: &str = "supernet ";
/// The start of the text of [`AccuracyId::Proxy`].
const PROXY: &str = "proxy ";
/// The setting that has the counts of a budget.
const BUDGET: &str = "budget";
/// The text of [`LatencyId::Column`].
const COLUMN: &str = "of the accuracy table";
/// The text of [`LatencyId::Unknown`].
const NONE: &str = "none";

/// Settings that are parsed one by one.
struct Settings<'a>(&'a StudySettings);

impl<'a> Settings<'a> {
    fn error(&self, name: &'static str) -> ManifestError {
        let found = self.0.get(name).map_or("nothing", |text| text).to_owned();
        ManifestError { name, found, expected: "a value that a search writes" }
    }

    fn text(&self, name: &'static str) -> Result<&'a str, ManifestError> {
        self.0.get(name).map(String::as_str).ok_or_else(|| self.error(name))
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, ManifestError> {
        self.text(name)?.parse().map_err(|_| self.error(name))
    }

    fn values(&self, name: &'static str) -> Result<Vec<f64>, ManifestError> {
        let value = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
        let values: Option<Vec<f64>> = self.text(name)?.split(',').map(value).collect();
        values.ok_or_else(|| self.error(name))
    }
}

/// The total number of trials, and those before each extension.
fn totals(text: &str) -> Option<(usize, Vec<usize>)> {
    let totals: Result<Vec<usize>, _> = text.split(',').map(str::parse).collect();
    let mut totals = totals.ok().filter(|totals| totals.is_sorted_by(|a, b| a < b))?;
    let samples = totals.pop()?;
    Some((samples, totals))
}

impl Settings<'_> {
    /// Studies of early versions lack both settings.
    fn acceptance(&self) -> Result<Acceptance, ManifestError> {
        let has = |name| self.0.contains_key(name);
        let Acceptance { mut statistic, mut margin } = Acceptance::default();
        if has("statistic") {
            let named = Statistic::named(self.text("statistic")?);
            statistic = named.ok_or_else(|| self.error("statistic"))?;
        }
        if has("margin") {
            margin = Margin::new(self.parsed("margin")?).map_err(|_| self.error("margin"))?;
        }
        Ok(Acceptance { statistic, margin })
    }
}

fn joined(values: impl Iterator<Item = f64>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

fn reward_text(reward: Reward) -> String {
    match reward {
        Reward::Soft(exponent) => format!("soft, w {}", exponent.w()),
        Reward::Hard => "hard".to_owned(),
        Reward::Absolute(weight) => format!("absolute, w {}", weight.w()),
    }
}

fn reward(text: &str) -> Option<Reward> {
    let exponent = |w: &str| Exponent::new(w.parse().ok()?).ok();
    match text.split_once(", w ") {
        None if text == "hard" => Some(Reward::Hard),
        Some(("soft", w)) => Some(Reward::Soft(exponent(w)?)),
        Some(("absolute", w)) => Some(Reward::Absolute(exponent(w)?)),
        _ => None,
    }
}
