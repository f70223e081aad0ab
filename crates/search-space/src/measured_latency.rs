//! The measured latency of a whole network: that of the undisturbed device, and that of all runs.

use serde::Serialize;

/// The measured latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredLatency {
    /// The median of the undisturbed runs in milliseconds: those during which nothing else slowed
    /// the device.
    pub p50_ms: f64,
    /// What else is known of the runs. `None` if the source tells the median only, as the files of
    /// early versions do.
    #[serde(flatten)]
    pub runs: Option<MeasuredRuns>,
}

/// The runs behind a [`MeasuredLatency`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredRuns {
    /// A tenth of the undisturbed runs were faster, in milliseconds.
    pub p10_ms: f64,
    /// A tenth of the undisturbed runs were slower, in milliseconds.
    pub p90_ms: f64,
    /// The number of undisturbed runs.
    #[serde(rename = "runs")]
    pub count: usize,
    /// The share of [`MeasuredRuns::all`] that is left out of the undisturbed runs because other
    /// work slowed them, from 0 to 1.
    pub left_out_share: f64,
    /// The latency over all runs.
    pub all: AllRuns,
}

/// The latency over all runs, whatever else the machine did. It is what a program sees that runs
/// the network on the same machine and does not wait for quiet moments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AllRuns {
    /// The median in milliseconds.
    pub p50_ms: f64,
    /// A twentieth of the runs were slower, in milliseconds.
    pub p95_ms: f64,
    /// The number of runs.
    pub runs: usize,
}

impl MeasuredLatency {
    /// The columns of a measurement in CSV files.
    pub const COLUMNS: [&'static str; 4] =
        ["undisturbed_p50_ms", "all_p50_ms", "all_p95_ms", "left_out_share"];

    /// The values of [`MeasuredLatency::COLUMNS`]; `None` where nothing is known.
    pub fn values(&self) -> [Option<f64>; 4] {
        let of = |value: fn(&MeasuredRuns) -> f64| self.runs.as_ref().map(value);
        let left_out_share = of(|runs| runs.left_out_share);
        [Some(self.p50_ms), of(|runs| runs.all.p50_ms), of(|runs| runs.all.p95_ms), left_out_share]
    }

    /// A latency of which only the median over the undisturbed runs is known, in milliseconds.
    pub fn of_median(p50_ms: f64) -> Self {
        Self { p50_ms, runs: None }
    }
}

/// The number that stands for a measured latency where it is compared with something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// The median of the undisturbed runs.
    #[default]
    Undisturbed,
    /// The median of all runs.
    All,
}

impl Statistic {
    /// All statistics.
    pub const ALL: [Self; 2] = [Self::Undisturbed, Self::All];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Undisturbed => "undisturbed",
            Self::All => "all",
        }
    }

    /// The statistic with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|statistic| statistic.name() == name)
    }

    /// What it is, for screens.
    pub fn words(self) -> &'static str {
        match self {
            Self::Undisturbed => "p50 of the undisturbed runs",
            Self::All => "p50 of all runs",
        }
    }

    /// Its value in milliseconds; `None` if it is not known.
    pub fn of(self, measured: &MeasuredLatency) -> Option<f64> {
        match self {
            Self::Undisturbed => Some(measured.p50_ms),
            Self::All => measured.runs.map(|runs| runs.all.p50_ms),
        }
    }
}
