//! Latencies, which are recorded before anything depends on them and can be replayed.

use std::fmt::Write;

use search_space::{LatencySource, MeasuredLatency, Network, fnv1a, quantile};

use super::error::AdaptError;
use super::latency_record::{LatencyKind, LatencyRecord};
use super::store::Adaptation;
use crate::final_trainings::MeasuredNetwork;

/// The source of latencies that are not recorded yet.
#[derive(Clone, Copy)]
pub enum Latencies<'a> {
    /// The device.
    Device(&'a dyn LatencySource),
    /// No source: recorded latencies are replayed.
    Replay,
}

/// The number of ratios whose median confirms a latency.
const CONFIRMATIONS: usize = 3;

impl Latencies<'_> {
    /// The predicted latency of a network in milliseconds: the recorded one, or a new one that is
    /// recorded before it is returned.
    ///
    /// # Errors
    /// [`AdaptError`] if the latency is neither recorded nor available, or if the database cannot
    /// be written.
    pub fn predicted_ms(
        &self,
        network: &Network,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.of(LatencyKind::Predicted, network, store)
    }

    /// The latency of a network in milliseconds, measured by itself and recorded like
    /// [`Latencies::predicted_ms`].
    ///
    /// # Errors
    /// As [`Latencies::predicted_ms`].
    pub fn measured_ms(
        &self,
        network: &Network,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.of(LatencyKind::Measured, network, store)
    }

    /// The latency of a network in milliseconds, measured as a ratio to the latency of another
    /// network and recorded like [`Latencies::predicted_ms`]. What slows the device for a while
    /// slows both networks, and the more similar they are, the more equally.
    ///
    /// # Errors
    /// As [`Latencies::predicted_ms`].
    pub fn relative_ms(
        &self,
        network: &Network,
        to: &MeasuredNetwork,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.by_ratios(LatencyKind::Relative, network, to, store)
    }

    /// As [`Latencies::relative_ms`], from the median of three new ratios. A network that was
    /// accepted for its low latency tends to have been measured too low, so the reading that led to
    /// its acceptance does not count.
    ///
    /// # Errors
    /// As [`Latencies::predicted_ms`].
    pub fn confirmed_ms(
        &self,
        network: &Network,
        to: &MeasuredNetwork,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        self.by_ratios(LatencyKind::Confirmed, network, to, store)
    }

    /// The record of a network's measured latency, before there is a database to store it.
    ///
    /// # Errors
    /// [`AdaptError`] if the latency is neither among the `known` ones nor available.
    pub fn first_measured(
        &self,
        network: &Network,
        known: &[LatencyRecord],
    ) -> Result<LatencyRecord, AdaptError> {
        let (kind, key) = (LatencyKind::Measured, key(network));
        let same = |record: &&LatencyRecord| record.kind == kind && record.key == key;
        match known.iter().find(same) {
            Some(record) => Ok(record.clone()),
            None => {
                let MeasuredLatency { p50_ms: ms, runs } = self.fresh(kind, network, &key)?;
                Ok(LatencyRecord { kind, key, ms, runs })
            }
        }
    }

    /// The recorded measurement of a network by itself; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn recorded_measurement(
        network: &Network,
        store: &Adaptation,
    ) -> Result<Option<MeasuredLatency>, AdaptError> {
        Ok(store.latency(LatencyKind::Measured, &key(network))?)
    }

    fn of(
        &self,
        kind: LatencyKind,
        network: &Network,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        recorded(kind, key(network), store, |key| self.fresh(kind, network, key))
    }

    fn by_ratios(
        &self,
        kind: LatencyKind,
        network: &Network,
        to: &MeasuredNetwork,
        store: &mut Adaptation,
    ) -> Result<f64, AdaptError> {
        let keys = format!("{}/{}", key(network), key(&to.network));
        let count = if kind == LatencyKind::Confirmed { CONFIRMATIONS } else { 1 };
        recorded(kind, keys, store, |key| match self {
            Self::Device(source) => {
                let ratios = (0..count).map(|_| source.measure_ratio(network, &to.network));
                let mut ratios = ratios.collect::<Result<Vec<f64>, _>>()?;
                ratios.sort_unstable_by(f64::total_cmp);
                Ok(MeasuredLatency::of_median(quantile(&ratios, 0.5) * to.latency_ms))
            }
            Self::Replay => Err(not_recorded(kind, network, key)),
        })
    }

    fn fresh(
        &self,
        kind: LatencyKind,
        network: &Network,
        key: &str,
    ) -> Result<MeasuredLatency, AdaptError> {
        match (self, kind) {
            (Self::Device(source), LatencyKind::Predicted) => {
                Ok(MeasuredLatency::of_median(source.predict_ms(network)?))
            }
            (Self::Device(source), _) => Ok(source.measure(network)?),
            (Self::Replay, _) => Err(not_recorded(kind, network, key)),
        }
    }
}

/// The recorded latency, or a new one that is recorded before it is returned.
fn recorded(
    kind: LatencyKind,
    key: String,
    store: &mut Adaptation,
    fresh: impl FnOnce(&str) -> Result<MeasuredLatency, AdaptError>,
) -> Result<f64, AdaptError> {
    if let Some(known) = store.latency(kind, &key)? {
        return Ok(known.p50_ms);
    }
    let MeasuredLatency { p50_ms: ms, runs } = fresh(&key)?;
    store.record_latency(&LatencyRecord { kind, key, ms, runs })?;
    Ok(ms)
}

fn not_recorded(kind: LatencyKind, network: &Network, key: &str) -> AdaptError {
    let (kind, network, key) = (kind.name(), network.name.clone(), key.to_owned());
    AdaptError::NotRecorded { kind, network, key }
}

/// A hash of a network's blocks and head with their shapes.
fn key(network: &Network) -> String {
    let mut text = String::new();
    for unit in network.units() {
        // Writing to a string does not fail.
        _ = write!(text, "{unit} ");
    }
    format!("{:016x}", fnv1a(text.bytes()))
}
