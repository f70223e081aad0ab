//! Latencies that are recorded before they decide anything, and may be replayed.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use search_space::hash::fnv1a;
use search_space::{LatencySource, Network};

use super::error::AdaptError;
use super::store::Adaptation;
use crate::csv_file::{CsvError, CsvFile};
use crate::statistics::quantile;

/// Where a latency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// From measured blocks.
    Predicted,
    /// Of the whole network.
    Measured,
    /// Of the whole network, by its ratio to another one's.
    Against,
    /// The same, by the median of several such ratios.
    Confirmed,
}

impl Reading {
    /// All of them.
    pub(super) const ALL: [Self; 4] =
        [Self::Predicted, Self::Measured, Self::Against, Self::Confirmed];
}

impl Reading {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Measured => "measured",
            Self::Against => "against",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A recorded latency.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Where it comes from.
    pub reading: Reading,
    /// Of the network's blocks; for a ratio, of both networks'.
    pub key: String,
    /// Milliseconds.
    pub ms: f64,
}

/// Where latencies come from that are not recorded yet.
#[derive(Clone, Copy)]
pub enum Latencies<'a> {
    /// The device.
    Device(&'a dyn LatencySource),
    /// Nowhere: recorded ones are replayed.
    Replay,
}

/// Ratios of which the median confirms a latency.
const CONFIRMATIONS: usize = 3;

impl Latencies<'_> {
    /// The recorded latency, or a new one, which is recorded first.
    ///
    /// # Errors
    /// A latency that is neither recorded nor can be had; a database that cannot be written.
    pub fn of(
        &self,
        reading: Reading,
        network: &Network,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        recorded(reading, key(network), store, |key| self.fresh(reading, network, key))
    }

    /// As [`Latencies::of`], measured by the ratio to the latency of another network, which has
    /// `other_ms`: what slows the device for a while slows both, the more alike the more equally.
    ///
    /// # Errors
    /// As [`Latencies::of`].
    pub fn against(
        &self,
        network: &Network,
        other: (&Network, f64),
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.by_ratios((Reading::Against, 1), network, other, store)
    }

    /// As [`Latencies::against`], by the median of several ratios, none of which is one that
    /// [`Latencies::against`] gave: for a network that is looked at since that was a low one.
    ///
    /// # Errors
    /// As [`Latencies::of`].
    pub fn confirmed(
        &self,
        network: &Network,
        other: (&Network, f64),
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.by_ratios((Reading::Confirmed, CONFIRMATIONS), network, other, store)
    }

    fn by_ratios(
        &self,
        (reading, ratios): (Reading, usize),
        network: &Network,
        (other, other_ms): (&Network, f64),
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        let keys = format!("{}/{}", key(network), key(other));
        recorded(reading, keys, store, |key| match self {
            Self::Device(source) => {
                let ratios = (0..ratios).map(|_| source.measure_ratio(network, other));
                let mut ratios = ratios.collect::<Result<Vec<f64>, _>>()?;
                ratios.sort_unstable_by(f64::total_cmp);
                Ok(quantile(&ratios, 0.5) * other_ms)
            }
            Self::Replay => Err(not_recorded(reading, network, key)),
        })
    }

    /// A latency before there is a database to record it in.
    ///
    /// # Errors
    /// As [`Latencies::of`].
    pub fn first(
        &self,
        reading: Reading,
        network: &Network,
        known: &[Recorded],
    ) -> Result<Recorded, AdaptError> {
        let key = key(network);
        let same = |recorded: &&Recorded| recorded.reading == reading && recorded.key == key;
        match known.iter().find(same) {
            Some(recorded) => Ok(recorded.clone()),
            None => Ok(Recorded { reading, ms: self.fresh(reading, network, &key)?, key }),
        }
    }

    fn fresh(&self, reading: Reading, network: &Network, key: &str) -> Result<f64, AdaptError> {
        match (self, reading) {
            (Self::Device(source), Reading::Predicted) => Ok(source.predict_ms(network)?),
            (Self::Device(source), _) => Ok(source.measure_ms(network)?),
            (Self::Replay, _) => Err(not_recorded(reading, network, key)),
        }
    }
}

/// The recorded latency, or a new one, which is recorded first.
fn recorded(
    reading: Reading,
    key: String,
    store: &mut Adaptation,
    fresh: impl FnOnce(&str) -> Result<f64, AdaptError>,
) -> Result<f64, AdaptError> {
    if let Some(ms) = store.latency(reading, &key)? {
        return Ok(ms);
    }
    let ms = fresh(&key)?;
    store.record_latency(&Recorded { reading, key, ms })?;
    Ok(ms)
}

fn not_recorded(reading: Reading, network: &Network, key: &str) -> AdaptError {
    let (kind, network, key) = (reading.name(), network.name.clone(), key.to_owned());
    AdaptError::NotRecorded { kind, network, key }
}

/// A hash of the blocks and head with their shapes.
fn key(network: &Network) -> String {
    let mut text = String::new();
    for unit in network.units() {
        // Writing to a string does not fail.
        _ = write!(text, "{unit} ");
    }
    format!("{:016x}", fnv1a(text.bytes()))
}

/// The latencies of a CSV file with the columns `reading`, `key` and `ms`.
///
/// # Errors
/// A file that cannot be read, with the line; a latency that cannot be; one recorded twice.
pub fn read_recorded(path: &Path) -> Result<Vec<Recorded>, CsvError> {
    let file = CsvFile::read(path)?;
    let [reading_column, key_column, ms_column] =
        [file.column("reading")?, file.column("key")?, file.column("ms")?];
    let mut seen = HashMap::new();
    let mut all = Vec::new();
    for line in file.lines() {
        let named = |reading: &Reading| reading.name() == line.text(reading_column);
        let reading = Reading::ALL.into_iter().find(named);
        let reading = reading.ok_or_else(|| {
            line.cell_error(reading_column, "predicted, measured, against or confirmed")
        })?;
        let key = line.text(key_column).to_owned();
        let ms = line.value(ms_column, "above 0", |ms| ms > 0.0)?;
        if let Some(before) = seen.insert((reading, key.clone()), line.number()) {
            return Err(line.error(format!("found on line {before} too; allowed: once")));
        }
        all.push(Recorded { reading, key, ms });
    }
    Ok(all)
}
