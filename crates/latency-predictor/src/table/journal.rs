//! The journal of a build: what has been measured so far, and the table entries that result from
//! it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use search_space::PlacedUnit;
use serde::{Deserialize, Serialize};

use crate::device::setup::Setup;
use crate::measure::conditions::Conditions;
use crate::measure::meter::ProbeLevel;
use crate::measure::quantiles::{Quantiles, quantile};
use crate::measure::speed::slowdowns;
use crate::table::file::{self, FileError};
use crate::table::plan::BuildSettings;
use crate::table::{Entry, Timing};

/// The latency of a block or head in one network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The block or head.
    #[serde(with = "file::as_text")]
    pub unit: PlacedUnit,
    /// Latency over the runs of the network, corrected for the slowdown of the device during each
    /// run.
    pub latency: Quantiles,
    /// Number of times that the unit ran.
    pub runs: usize,
}

/// A measured network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Visit {
    /// Round and name of the network, or the text form of a unit that was measured alone.
    pub(crate) label: String,
    pub(crate) timing: Timing,
    pub(crate) samples: Vec<Sample>,
}

/// The measured networks of an unfinished build, which are its side file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    format: u32,
    setup: Setup,
    space: u64,
    settings: BuildSettings,
    #[serde(default)]
    pub(crate) conditions: Conditions,
    /// The clock at which the latencies are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probe: Option<ProbeLevel>,
    pub(crate) visits: Vec<Visit>,
}

impl Journal {
    /// Journals of versions 1 and 2 are started anew: their latencies are at no certain clock.
    const FORMAT: u32 = 3;

    /// Continues the journal at `path`, or starts a new one if there is none or it is of another
    /// build.
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
            conditions: Conditions::default(),
            probe: None,
            visits: Vec::new(),
        };
        let same = |old: &Self| {
            old.format == Self::FORMAT
                && old.setup.check_same(setup).is_ok()
                && old.space == space
                && old.settings == settings
        };
        let old = file::load(path, 1..=Self::FORMAT)?.filter(same);
        Ok(old.unwrap_or(new))
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), FileError> {
        file::save(path, self)
    }

    /// Whether the network or unit with this label has been measured.
    pub(crate) fn has(&self, label: &str) -> bool {
        self.visits.iter().any(|visit| visit.label == label)
    }
}

/// The maximum interquartile range of a unit's latencies in different networks, as a share of their
/// median.
const MAX_SPREAD: f64 = 0.06;

/// Computes entries from measured networks. The latencies are first corrected for the slowdown of
/// the device during each network. Each quantile is then the median over the networks, so that no
/// single network, with its neighbouring blocks, addresses in memory and time of measuring,
/// determines it.
pub(crate) fn entries(visits: &[Visit]) -> Vec<Entry> {
    let entry = |(unit, (timing, samples)): (PlacedUnit, (Timing, Vec<Sample>))| {
        let latencies: Vec<Quantiles> = samples.iter().map(|sample| sample.latency).collect();
        let runs = samples.iter().map(|sample| sample.runs).sum();
        let latency = Quantiles::medians(&latencies)?;
        Some(Entry { unit, latency, runs, networks: samples.len(), timing })
    };
    samples_at_usual_speed(visits).into_iter().filter_map(entry).collect()
}

/// The units whose latencies in different networks are furthest apart, as many as a tenth of all
/// units: those whose interquartile range exceeds [`MAX_SPREAD`] of the median.
pub(crate) fn widely_spread(visits: &[Visit]) -> HashSet<PlacedUnit> {
    let samples = samples_at_usual_speed(visits);
    let most = samples.len() / 10;
    let spread = |(unit, (_, samples)): (PlacedUnit, (Timing, Vec<Sample>))| {
        let mut p50s: Vec<f64> = samples.iter().map(|sample| sample.latency.p50_ms).collect();
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|q| quantile(&mut p50s, q));
        let spread = (high? - low?) / middle?;
        (spread > MAX_SPREAD).then_some((unit, spread))
    };
    let mut wide: Vec<(PlacedUnit, f64)> = samples.into_iter().filter_map(spread).collect();
    wide.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    wide.into_iter().take(most).map(|(unit, _)| unit).collect()
}

/// The samples of each unit, corrected for the slowdown of the device during each network.
fn samples_at_usual_speed(visits: &[Visit]) -> HashMap<PlacedUnit, (Timing, Vec<Sample>)> {
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
    found
}
