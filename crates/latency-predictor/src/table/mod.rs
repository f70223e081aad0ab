//! Latency tables: latencies of blocks measured on one device, one RON file each.

pub(crate) mod anchors;
pub(crate) mod build;
pub(crate) mod build_record;
pub(crate) mod cache;
pub(crate) mod cold_weights;
pub(crate) mod device_table;
pub(crate) mod diff;
pub(crate) mod file;
pub(crate) mod fit;
pub(crate) mod interpolate;
pub(crate) mod journal;
pub(crate) mod ladder;
pub(crate) mod latency_source;
pub(crate) mod monotonicity;
pub(crate) mod plan;
pub(crate) mod predict;
pub(crate) mod validate;

use std::collections::HashMap;
use std::path::Path;

use search_space::{PlacedUnit, fnv1a};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::device::setup::{ForeignSetup, Setup};
use crate::measure::meter::ProbeLevel;
use crate::measure::quantiles::Quantiles;
use crate::table::anchors::Anchor;
use crate::table::build_record::BuildRecord;
use crate::table::cold_weights::{ColdWeights, KnownTraffic};
use crate::table::file::FileError;
use crate::table::interpolate::Interpolated;
use crate::table::plan::BuildSettings;
use crate::table::validate::Validation;

/// How an entry was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timing {
    /// By the engine's clocks inside whole networks, with realistic caches and neighbouring blocks.
    InContext,
    /// Alone, as no sampled network contains the unit.
    Isolated,
}

/// The latency of a block or head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The block or head, which is the key of the entry.
    #[serde(with = "file::as_text")]
    pub unit: PlacedUnit,
    /// Latency, of which each quantile is the median over the networks of that quantile.
    pub latency: Quantiles,
    /// Number of runs in all networks together.
    pub runs: usize,
    /// Number of networks in which the unit was measured.
    pub networks: usize,
    /// How the unit was timed.
    pub timing: Timing,
}

/// The entries of one setup and their provenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "LatencyTable", deny_unknown_fields)]
pub struct Table {
    format: u32,
    /// Setup for which the entries are valid.
    pub setup: Setup,
    /// Time at which the newest entry was measured, such as `2026-11-23T17:04:05Z`.
    pub date: String,
    /// Version of the tool that wrote the file.
    pub tool_version: String,
    /// Settings of the latest build.
    pub settings: BuildSettings,
    /// What a [`Meter`](crate::Meter) found of the undisturbed device, and the clock at which the
    /// latencies are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeLevel>,
    /// The probe of formats 3 and 4, which was another one.
    #[serde(default, skip_serializing, rename = "probe_ms")]
    _earlier_probe: IgnoredAny,
    /// The builds whose entries the table has, in order. It is not known how busy the machine was
    /// when entries of early versions of this crate were measured, or when blocks were measured
    /// one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<BuildRecord>,
    /// Networks that tell how fast the device is when the table is used. Tables of formats 1 and 2
    /// have none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "anchors::anchor_list::deserialize"
    )]
    pub anchors: Vec<Anchor>,
    /// What weights cost in networks of much or little traffic, for at most one fit of each space.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cold_weights: Vec<ColdWeights>,
    /// How well predictions matched measurements, for at most one selection of networks of each space.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "validate::list::deserialize"
    )]
    pub validations: Vec<Validation>,
    #[serde(with = "entry_list")]
    entries: HashMap<PlacedUnit, Entry>,
    /// Latencies that were interpolated between those of entries, for units without an entry.
    #[serde(default, with = "interpolate::list", skip_serializing_if = "HashMap::is_empty")]
    interpolated: HashMap<PlacedUnit, Interpolated>,
    #[serde(skip)]
    traffic: KnownTraffic,
}

impl Table {
    /// The version of the file format that this version of the crate writes. It also reads version
    /// 1, which lacks the builds and the anchors, version 2, which lacks the anchors, and versions 3
    /// and 4, whose latencies are at no certain clock of the core.
    pub const FORMAT: u32 = 5;

    /// Creates a table without entries.
    pub fn new(setup: Setup, settings: BuildSettings) -> Self {
        Self {
            format: Self::FORMAT,
            setup,
            date: file::utc_now(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            settings,
            probe: None,
            _earlier_probe: IgnoredAny,
            builds: Vec::new(),
            anchors: Vec::new(),
            cold_weights: Vec::new(),
            validations: Vec::new(),
            entries: HashMap::new(),
            interpolated: HashMap::new(),
            traffic: KnownTraffic::default(),
        }
    }

    /// Reads and checks the file of a table. `None` if there is no file.
    ///
    /// # Errors
    /// [`FileError::Io`]: the file cannot be read. [`FileError::Format`]: the file has another
    /// format. [`FileError::Ron`]: the file is not a table or has impossible latencies, with the
    /// line and entry.
    pub fn load(path: &Path) -> Result<Option<Self>, FileError> {
        let table: Option<Self> = file::load(path, 1..=Self::FORMAT)?;
        Ok(table.map(|table| {
            let mut table = Self { format: Self::FORMAT, ..table };
            table.know_traffic();
            table
        }))
    }

    /// Writes the file completely or not at all.
    ///
    /// # Errors
    /// [`FileError::Io`]: the file cannot be written, for lack of permission or space.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::save(path, self)
    }

    /// Checks that the entries are valid for the setup `here`. Callers should check every table
    /// unless the user has accepted foreign ones.
    ///
    /// # Errors
    /// The property that differs: device, runtime or its version, threads, precision or batch.
    pub fn check_setup(&self, here: &Setup) -> Result<(), ForeignSetup> {
        self.setup.check_same(here)
    }

    /// The entry of a block or head, if there is one.
    pub fn get(&self, unit: &PlacedUnit) -> Option<&Entry> {
        self.entries.get(unit)
    }

    /// The latency of a block or head that was interpolated and kept, if there is one.
    pub fn get_interpolated(&self, unit: &PlacedUnit) -> Option<&Interpolated> {
        self.interpolated.get(unit)
    }

    /// The latency of a block or head in milliseconds: the measured one, or the interpolated one
    /// that was kept. `None` if there is neither.
    pub fn p50_ms(&self, unit: &PlacedUnit) -> Option<f64> {
        let measured = self.get(unit).map(|entry| entry.latency.p50_ms);
        measured.or_else(|| Some(self.get_interpolated(unit)?.p50_ms))
    }

    /// Adds entries that were measured now. They replace older ones of the same units, and
    /// interpolated latencies.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.interpolated.remove(&entry.unit);
            self.entries.insert(entry.unit, entry);
        }
        self.date = file::utc_now();
        self.tool_version = env!("CARGO_PKG_VERSION").to_owned();
    }

    /// Removes the latencies of these units, so that the next build measures or interpolates them
    /// again.
    pub fn forget(&mut self, units: &[PlacedUnit]) {
        for unit in units {
            self.entries.remove(unit);
            self.interpolated.remove(unit);
        }
    }

    /// The 64-bit FNV-1a hash of the p50 latencies of these units. It binds studies to the
    /// latencies that their predictions use.
    pub fn fingerprint(&self, units: &[PlacedUnit]) -> u64 {
        let latencies = units.iter().filter_map(|unit| self.p50_ms(unit));
        fnv1a(latencies.flat_map(f64::to_le_bytes))
    }

    /// All entries in the order of their units' text forms.
    pub fn entries(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_by_cached_key(|entry| entry.unit.to_string());
        entries
    }

    /// All interpolated latencies that were kept, in the order of their units' text forms.
    pub fn interpolated(&self) -> Vec<&Interpolated> {
        let mut interpolated: Vec<&Interpolated> = self.interpolated.values().collect();
        interpolated.sort_by_cached_key(|one| one.unit.to_string());
        interpolated
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the table has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Serialises the map of entries as a sorted list.
mod entry_list {
    use std::collections::HashMap;

    use search_space::PlacedUnit;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Entry, Quantiles};

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
            let Quantiles { p10_ms, p50_ms, p90_ms } = latency;
            if !latency.is_plausible() || runs == 0 || networks == 0 {
                let expected = "0 < p10_ms <= p50_ms <= p90_ms, runs and networks above 0";
                return Err(D::Error::custom(format!(
                    "{unit}: found p10_ms {p10_ms}, p50_ms {p50_ms}, p90_ms {p90_ms}, runs {runs}, networks \
                     {networks}; expected: {expected}"
                )));
            }
            if entries.insert(unit, entry).is_some() {
                return Err(D::Error::custom(format!("{unit}: found twice; expected: once")));
            }
        }
        Ok(entries)
    }
}
