//! Recorded latencies, and the CSV file that replays them.

use std::collections::HashMap;
use std::path::Path;

use crate::csv_file::{CsvError, CsvFile};

/// How a latency was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatencyKind {
    /// Predicted from measured blocks.
    Predicted,
    /// Measured, the whole network by itself.
    Measured,
    /// Measured by its ratio to another network's latency.
    Relative,
    /// The same, by the median of several such ratios.
    Confirmed,
}

impl LatencyKind {
    /// All of them.
    pub(super) const ALL: [Self; 4] =
        [Self::Predicted, Self::Measured, Self::Relative, Self::Confirmed];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Measured => "measured",
            Self::Relative => "relative",
            Self::Confirmed => "confirmed",
        }
    }

    /// The kind of a name in a file.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A latency that was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyRecord {
    /// How it was obtained.
    pub kind: LatencyKind,
    /// A hash of the network's blocks; for a ratio, those of both networks.
    pub key: String,
    /// Milliseconds.
    pub ms: f64,
}

/// Reads the latencies of a CSV file with the columns `kind`, `key` and `ms`. Files of nas before 0.2
/// call the first one `reading`, and relative latencies `against`.
///
/// # Errors
/// [`CsvError`] with the line: a file that cannot be read, a value that is no latency, a latency that
/// is recorded twice.
pub fn read_latency_records(path: &Path) -> Result<Vec<LatencyRecord>, CsvError> {
    let file = CsvFile::read(path)?;
    let kind_column = file.column("reading").or_else(|_| file.column("kind"))?;
    let (key_column, ms_column) = (file.column("key")?, file.column("ms")?);
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
            return Err(line.error(format!("found on line {before} too; expected: once")));
        }
        all.push(LatencyRecord { kind, key, ms });
    }
    Ok(all)
}
