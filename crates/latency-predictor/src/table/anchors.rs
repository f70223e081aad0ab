//! Anchors: networks that are measured as a whole during a build and again whenever its table is
//! used. A machine may be slower or faster by some per cent an hour later. The blocks of a table are
//! right relative to each other, so the ratio of the anchors then and now, the level, corrects all
//! of them.

use search_space::{Graph, published};
use serde::{Deserialize, Serialize};

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::{median, whole_ns};
use crate::measure::sampling::Sampling;

/// The anchors: from the fastest to the slowest ones of usual spaces. The weights of all but the
/// first two are many times larger than a second-level cache.
const ANCHORS: [&str; 6] = [
    "shufflenet_v2@width=0.5",
    "mobilenet_v1@width=0.25",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "mobilenet_v2",
    "mobilenet_v2@width=1.4",
];

/// A network with its latency during the build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Name of the published network with its options.
    pub network: String,
    /// Its latency at the speed that the entries of the table have, in milliseconds.
    pub p50_ms: f64,
}

/// How fast the device is relative to the build of a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Level {
    /// The latency of the anchors as a ratio to that during the build: above 1 if the device is
    /// slower now.
    pub ratio: f64,
    /// The smallest ratio of a single anchor.
    pub min: f64,
    /// The largest ratio of a single anchor.
    pub max: f64,
}

impl Level {
    /// The level of the build itself.
    pub const BUILT: Self = Self { ratio: 1.0, min: 1.0, max: 1.0 };

    /// The level that readings of the anchors show. The ratio is the geometric mean over the
    /// anchors without the smallest and the largest one. `None` without readings.
    pub fn of(anchors: &[Anchor], readings: &[AnchorReading]) -> Option<Self> {
        let ratio = |(index, anchor): (usize, &Anchor)| {
            let read = readings.iter().filter_map(|reading| reading.p50_ms.get(index).copied());
            Some(median(&mut read.collect::<Vec<_>>())? / anchor.p50_ms)
        };
        let mut ratios: Vec<f64> = anchors.iter().enumerate().filter_map(ratio).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (&min, &max) = ratios.first().zip(ratios.last())?;
        let trimmed = usize::from(ratios.len() > 2);
        let middle = &ratios[trimmed..ratios.len() - trimmed];
        let mean = middle.iter().map(|ratio| ratio.ln()).sum::<f64>() / middle.len() as f64;
        Some(Self { ratio: mean.exp(), min, max })
    }
}

/// One reading of all anchors, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorReading {
    /// Latencies in milliseconds.
    pub p50_ms: Vec<f64>,
}

/// The anchors with the medians of their readings. Empty without readings.
pub(crate) fn anchors(readings: &[AnchorReading]) -> Vec<Anchor> {
    let anchor = |(index, name): (usize, &&str)| {
        let read = readings.iter().filter_map(|reading| reading.p50_ms.get(index).copied());
        let p50_ms = whole_ns(median(&mut read.collect::<Vec<_>>())?);
        Some(Anchor { network: (*name).to_owned(), p50_ms })
    };
    ANCHORS.iter().enumerate().filter_map(anchor).collect()
}

/// The graphs of anchors, to be read again and again.
#[derive(Debug)]
pub(crate) struct AnchorGraphs(Vec<Graph>);

impl AnchorGraphs {
    /// The anchors of a table, or those of a new one.
    pub(crate) fn of(anchors: &[Anchor]) -> Result<Self, PredictorError> {
        let names: Vec<&str> = match anchors {
            [] => ANCHORS.to_vec(),
            anchors => anchors.iter().map(|anchor| anchor.network.as_str()).collect(),
        };
        let graph =
            |name| -> Result<Graph, PredictorError> { Ok(published::network(name)?.lower()?) };
        Ok(Self(names.into_iter().map(graph).collect::<Result<_, _>>()?))
    }

    /// Measures each anchor in about `runs` undisturbed runs at new addresses in memory.
    pub(crate) fn read(
        &self,
        meter: &mut Meter<'_>,
        runs: usize,
    ) -> Result<AnchorReading, PredictorError> {
        let sampling = Sampling { copies: 1, undisturbed: runs, at_any_moment: 0 };
        let mut p50_ms = |graph| -> Result<f64, PredictorError> {
            let total = meter.sample(graph, sampling)?.total();
            Ok(total.ok_or(PredictorError::NoRuns)?.p50_ms)
        };
        Ok(AnchorReading { p50_ms: self.0.iter().map(&mut p50_ms).collect::<Result<_, _>>()? })
    }
}

/// Reads anchors from a file and checks them.
pub(crate) mod anchor_list {
    use search_space::published;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::Anchor;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Anchor>, D::Error> {
        let anchors = Vec::<Anchor>::deserialize(deserializer)?;
        for Anchor { network, p50_ms } in &anchors {
            if !(p50_ms.is_finite() && *p50_ms > 0.0) {
                let message = format!("anchor {network}: found p50_ms {p50_ms}; expected: above 0");
                return Err(D::Error::custom(message));
            }
            published::network(network)
                .map_err(|error| D::Error::custom(format!("anchor {network}: {error}")))?;
        }
        Ok(anchors)
    }
}
