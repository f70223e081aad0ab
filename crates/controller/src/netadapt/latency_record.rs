//! Recorded latencies, and the CSV file from which they are replayed.

use std::collections::HashMap;
use std::path::Path;

use crate::csv_file::{CsvError, CsvFile};

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
}

/// Reads the latencies of a CSV file with the columns `kind`, `key` and `ms`. The files of
/// earlier adaptations name the first column `reading`, and relative latencies `against`.
///
/// # Errors
/// [`CsvError`] with the line if the file cannot be read, a value is not a latency, or a latency is
/// recorded twice.
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
            return Err(
                line.error(format!("found on line {before} too; expected: each latency once"))
            );
        }
        all.push(LatencyRecord { kind, key, ms });
    }
    Ok(all)
}
