//! Latencies of blocks, measured on one device: one RON file.

pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod device_table;
pub(crate) mod file;
pub(crate) mod journal;
pub(crate) mod latency_source;
pub(crate) mod plan;
pub(crate) mod predict;

use std::collections::HashMap;
use std::path::Path;

use search_space::{PlacedUnit, fnv1a};
use serde::{Deserialize, Serialize};

use crate::device::setup::{ForeignSetup, Setup};
use crate::measure::quantiles::Quantiles;
use crate::table::file::FileError;
use crate::table::plan::BuildSettings;

/// How an entry was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timing {
    /// By the engine's clocks inside whole networks: caches and neighbours are real.
    InContext,
    /// Alone, for what no sampled network holds.
    Isolated,
}

/// The latency of a block or head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The key.
    #[serde(with = "file::as_text")]
    pub unit: PlacedUnit,
    /// Each quantile is the median over networks of that quantile within the network.
    pub latency: Quantiles,
    /// In all networks together.
    pub runs: usize,
    /// How many networks it was measured in.
    pub networks: usize,
    /// How it was timed.
    pub timing: Timing,
}

/// Entries of one setup, with their provenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "LatencyTable", deny_unknown_fields)]
pub struct Table {
    format: u32,
    /// What the entries are valid for.
    pub setup: Setup,
    /// When the newest entry was measured: `2026-11-23T17:04:05Z`.
    pub date: String,
    /// Version of the tool that wrote the file.
    pub tool_version: String,
    /// Of the build that measured it last.
    pub settings: BuildSettings,
    /// The fastest time of [`Meter`](crate::Meter)'s probe in milliseconds: the device's speed when
    /// nothing disturbs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_ms: Option<f64>,
    #[serde(with = "entry_list")]
    entries: HashMap<PlacedUnit, Entry>,
}

impl Table {
    /// The format that this version reads and writes.
    pub const FORMAT: u32 = 1;

    /// No entry yet.
    pub fn new(setup: Setup, settings: BuildSettings) -> Self {
        Self {
            format: Self::FORMAT,
            setup,
            date: file::utc_now(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            settings,
            probe_ms: None,
            entries: HashMap::new(),
        }
    }

    /// Reads and checks a table's file; `None` where there is none.
    ///
    /// # Errors
    /// [`FileError::Io`]; [`FileError::Format`] for a later version's; [`FileError::Ron`] with line
    /// and entry for anything that is no table, also latencies that cannot be.
    pub fn load(path: &Path) -> Result<Option<Self>, FileError> {
        file::load(path, Self::FORMAT)
    }

    /// Writes the file as a whole or not at all.
    ///
    /// # Errors
    /// [`FileError::Io`]: no permission, no space.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::save(path, self)
    }

    /// Whether the entries hold for `here`. Call it on every table, but where the user allowed
    /// foreign ones.
    ///
    /// # Errors
    /// What differs: device, runtime or its version, threads, precision, batch.
    pub fn check_setup(&self, here: &Setup) -> Result<(), ForeignSetup> {
        self.setup.check_same(here)
    }

    /// The entry of a block or head.
    pub fn get(&self, unit: &PlacedUnit) -> Option<&Entry> {
        self.entries.get(unit)
    }

    /// Adds entries measured now, in place of older ones.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries.into_iter().map(|entry| (entry.unit, entry)));
        self.date = file::utc_now();
        self.tool_version = env!("CARGO_PKG_VERSION").to_owned();
    }

    /// Drops the entries of these units, so that a build measures them anew.
    pub fn forget(&mut self, units: &[PlacedUnit]) {
        units.iter().for_each(|unit| _ = self.entries.remove(unit));
    }

    /// A hash of the latencies of these units: FNV-1a, 64 bits, over their p50. Binds studies to
    /// what they were predicted with.
    pub fn fingerprint(&self, units: &[PlacedUnit]) -> u64 {
        let latencies = units.iter().filter_map(|unit| Some(self.get(unit)?.latency.p50_ms));
        fnv1a(latencies.flat_map(f64::to_le_bytes))
    }

    /// All entries in the order of their text forms.
    pub fn entries(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_by_cached_key(|entry| entry.unit.to_string());
        entries
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A list in the file, sorted; a map in memory.
mod entry_list {
    use std::collections::HashMap;

    use search_space::PlacedUnit;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Entry;

    pub(super) fn serialize<S: Serializer>(
        entries: &HashMap<PlacedUnit, Entry>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<&Entry> = entries.values().collect();
        entries.sort_by_cached_key(|entry| entry.unit.to_string());
        serializer.collect_seq(entries)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HashMap<PlacedUnit, Entry>, D::Error> {
        let mut entries = HashMap::new();
        for entry in Vec::<Entry>::deserialize(deserializer)? {
            let Entry { unit, latency, runs, networks, .. } = entry;
            if !latency.is_plausible() || runs == 0 || networks == 0 {
                let expected = "0 < p10_ms <= p50_ms <= p90_ms, runs and networks above 0";
                return Err(D::Error::custom(format!(
                    "{unit}: found {entry:?}; expected: {expected}"
                )));
            }
            if entries.insert(unit, entry).is_some() {
                return Err(D::Error::custom(format!("{unit}: found twice; expected: once")));
            }
        }
        Ok(entries)
    }
}
