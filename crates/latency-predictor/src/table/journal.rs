//! What a build has measured so far, and what comes of it.

use std::collections::HashMap;
use std::path::Path;

use search_space::PlacedUnit;
use serde::{Deserialize, Serialize};

use crate::device::setup::Setup;
use crate::measure::quantiles::Quantiles;
use crate::measure::speed::slowdowns;
use crate::table::file::{self, FileError};
use crate::table::plan::BuildSettings;
use crate::table::{Entry, Timing};

/// A block or head in one network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Which.
    #[serde(with = "file::as_text")]
    pub unit: PlacedUnit,
    /// Over the runs of the network, without the slowdown of the device during each run.
    pub latency: Quantiles,
    /// Times that it ran.
    pub runs: usize,
}

/// A network that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Visit {
    /// Round and name of the network, or the unit that was measured alone.
    pub(crate) label: String,
    pub(crate) timing: Timing,
    pub(crate) samples: Vec<Sample>,
}

/// Measured networks of an unfinished build: its side file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    format: u32,
    setup: Setup,
    space: u64,
    settings: BuildSettings,
    pub(crate) visits: Vec<Visit>,
}

impl Journal {
    const FORMAT: u32 = 1;

    /// Continues the file at `path`; starts anew where there is none or it belongs to another build.
    pub(crate) fn resume(
        path: &Path,
        setup: &Setup,
        space: u64,
        settings: BuildSettings,
    ) -> Result<Self, FileError> {
        let new = Self {
            format: Self::FORMAT,
            setup: setup.clone(),
            space,
            settings,
            visits: Vec::new(),
        };
        let same = |old: &Self| {
            old.setup.check_same(setup).is_ok() && old.space == space && old.settings == settings
        };
        Ok(file::load(path, Self::FORMAT)?.filter(same).unwrap_or(new))
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), FileError> {
        file::save(path, self)
    }

    /// Whether the network or unit with this label was measured.
    pub(crate) fn has(&self, label: &str) -> bool {
        self.visits.iter().any(|visit| visit.label == label)
    }
}

/// Entries from networks that were measured: each quantile is the median over networks, so that no
/// single one, with its neighbours, its place in memory and its moment, decides. Before that, the
/// device's slowdown during each network is taken out.
pub(crate) fn entries(visits: &[Visit]) -> Vec<Entry> {
    let p50s = |visit: &Visit| {
        visit.samples.iter().map(|sample| (sample.unit, sample.latency.p50_ms)).collect()
    };
    let slowdowns = slowdowns(&visits.iter().map(p50s).collect::<Vec<_>>());
    let mut found: HashMap<PlacedUnit, (Timing, Vec<Sample>)> = HashMap::new();
    for (visit, slowdown) in visits.iter().zip(slowdowns) {
        for sample in &visit.samples {
            let latency = sample.latency.at_usual_speed(slowdown);
            let (_, samples) = found.entry(sample.unit).or_insert((visit.timing, Vec::new()));
            samples.push(Sample { latency, ..*sample });
        }
    }
    let entry = |(unit, (timing, samples)): (PlacedUnit, (Timing, Vec<Sample>))| {
        let latencies: Vec<Quantiles> = samples.iter().map(|sample| sample.latency).collect();
        let runs = samples.iter().map(|sample| sample.runs).sum();
        let latency = Quantiles::medians(&latencies)?;
        Some(Entry { unit, latency, runs, networks: samples.len(), timing })
    };
    found.into_iter().filter_map(entry).collect()
}
