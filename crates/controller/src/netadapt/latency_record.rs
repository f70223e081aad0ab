//! Recorded latencies, and the CSV file from which they are replayed.

use std::collections::HashMap;
use std::path::Path;

use search_space::{AllRuns, MeasuredRuns};

use crate::csv_file::{Column, CsvError, CsvFile};

/// How a latency was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatencyKind {
    /// Predicted from measured blocks.
    Predicted,
    /// Measured on the whole network by itself.
    Measured,
    /// Measured as a ratio to another network's latency.
    Relative,
    /// Measured in the same way, as the median of several such ratios.
    Confirmed,
}

impl LatencyKind {
    pub(super) const ALL: [Self; 4] =
        [Self::Predicted, Self::Measured, Self::Relative, Self::Confirmed];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Measured => "measured",
            Self::Relative => "relative",
            Self::Confirmed => "confirmed",
        }
    }

    /// The kind with this name in files.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A recorded latency.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyRecord {
    /// How the latency was obtained.
    pub kind: LatencyKind,
    /// A hash of the network's blocks; for a ratio, those of both networks.
    pub key: String,
    /// The latency in milliseconds.
    pub ms: f64,
    /// The runs behind the latency of a network that was measured by itself, of which `ms` is the
    /// median of the undisturbed ones. `None` for other latencies and in files of early versions.
    pub runs: Option<MeasuredRuns>,
}

/// The columns of [`MeasuredRuns`] in CSV files and in the database.
pub(super) const RUN_COLUMNS: [&str; 7] =
    ["p10_ms", "p90_ms", "runs", "left_out_share", "all_p50_ms", "all_p95_ms", "all_runs"];

/// The values of [`RUN_COLUMNS`].
pub(super) fn run_values(runs: &MeasuredRuns) -> [f64; 7] {
    let MeasuredRuns { p10_ms, p90_ms, count, left_out_share, all } = *runs;
    let AllRuns { p50_ms, p95_ms, runs } = all;
    [p10_ms, p90_ms, count as f64, left_out_share, p50_ms, p95_ms, runs as f64]
}

/// The runs with these values of [`RUN_COLUMNS`].
pub(super) fn runs_of(values: [f64; 7]) -> MeasuredRuns {
    let [p10_ms, p90_ms, count, left_out_share, p50_ms, p95_ms, runs] = values;
    let all = AllRuns { p50_ms, p95_ms, runs: runs as usize };
    MeasuredRuns { p10_ms, p90_ms, count: count as usize, left_out_share, all }
}

/// Reads the latencies of a CSV file with the columns `kind`, `key` and `ms`, and those of the runs
/// behind them if it has them, as [`latency_records_csv`](super::latency_records_csv) writes them. The
/// files of earlier adaptations name the first column `reading`, and relative latencies `against`.
///
/// # Errors
/// [`CsvError`] with the line if the file cannot be read, a value is not a latency, or a latency is
/// recorded twice.
pub fn read_latency_records(path: &Path) -> Result<Vec<LatencyRecord>, CsvError> {
    let file = CsvFile::read(path)?;
    let kind_column = file.column("reading").or_else(|_| file.column("kind"))?;
    let (key_column, ms_column) = (file.column("key")?, file.column("ms")?);
    let run_columns: Vec<Column> =
        RUN_COLUMNS.iter().filter_map(|name| file.column(name).ok()).collect();
    let mut seen = HashMap::new();
    let mut all = Vec::new();
    for line in file.lines() {
        let name = match line.text(kind_column) {
            "against" => LatencyKind::Relative.name(),
            name => name,
        };
        let kind = LatencyKind::named(name).ok_or_else(|| {
            line.cell_error(kind_column, "predicted, measured, relative or confirmed")
        })?;
        let key = line.text(key_column).to_owned();
        let ms = line.value(ms_column, "above 0", |ms| ms > 0.0)?;
        if let Some(before) = seen.insert((kind, key.clone()), line.number()) {
            return Err(
                line.error(format!("found on line {before} too; expected: each latency once"))
            );
        }
        let is_told = |column: &Column| !line.text(*column).is_empty();
        let values = run_columns.iter().filter(|column| is_told(column)).map(|&column| {
            let is_share = file.name(column) == "left_out_share";
            match is_share {
                true => line.value(column, "from 0 to 1", |share| (0.0..=1.0).contains(&share)),
                false => line.value(column, "above 0", |value| value > 0.0),
            }
        });
        let values: Vec<f64> = values.collect::<Result<_, _>>()?;
        let runs = <[f64; 7]>::try_from(values).ok().map(runs_of);
        all.push(LatencyRecord { kind, key, ms, runs });
    }
    Ok(all)
}
