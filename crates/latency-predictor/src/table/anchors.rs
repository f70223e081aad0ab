//! Anchors: networks of a build that are measured again whenever its table is used. A machine may be
//! slower or faster by some per cent an hour later. The blocks of a table are right relative to each
//! other, so the ratio of measured to predicted latencies of the anchors, the level, corrects all of
//! them.

use search_space::Network;
use serde::{Deserialize, Serialize};

use crate::error::PredictorError;
use crate::measure::quantiles::median;
use crate::table::Table;

/// A network all of whose blocks the table has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Name of the search space with whose blocks it was measured; empty for a network that was
    /// measured alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub space: String,
    /// The network.
    pub network: Network,
}

/// The latency of a whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeLatency {
    /// The median in milliseconds.
    pub p50_ms: f64,
    /// Whether even the quietest runs were disturbed.
    pub disturbed: bool,
}

/// How fast the device is relative to the build of a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Level {
    /// Measured latencies of the anchors as a ratio to their predicted latencies: above 1 if the
    /// device is slower now.
    pub ratio: f64,
    /// The smallest ratio of a single anchor.
    pub min: f64,
    /// The largest ratio of a single anchor.
    pub max: f64,
    /// Share of the anchors that were measured on the undisturbed device.
    pub undisturbed: f64,
}

impl Level {
    /// The level of the build itself.
    pub const BUILT: Self = Self { ratio: 1.0, min: 1.0, max: 1.0, undisturbed: 1.0 };

    /// The level that ratios of measured to predicted latencies show, those of each anchor with
    /// whether they were disturbed. Disturbed ratios count only for anchors without others. The
    /// ratio is the geometric mean over the anchors without the smallest and the largest one. `None`
    /// without ratios.
    pub fn of(anchors: &[Vec<(f64, bool)>]) -> Option<Self> {
        let of_anchor = |all: &Vec<(f64, bool)>, disturbed: bool| {
            let ratios =
                all.iter().filter(|(_, other)| *other == disturbed).map(|(ratio, _)| *ratio);
            median(&mut ratios.collect::<Vec<_>>())
        };
        let undisturbed = anchors.iter().filter(|all| of_anchor(all, false).is_some()).count();
        let ratio = |all| of_anchor(all, false).or_else(|| of_anchor(all, true));
        let mut ratios: Vec<f64> = anchors.iter().filter_map(ratio).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (&min, &max) = ratios.first().zip(ratios.last())?;
        let trimmed = usize::from(ratios.len() > 2);
        let middle = &ratios[trimmed..ratios.len() - trimmed];
        let mean = middle.iter().map(|ratio| ratio.ln()).sum::<f64>() / middle.len() as f64;
        let undisturbed = undisturbed as f64 / ratios.len() as f64;
        Some(Self { ratio: mean.exp(), min, max, undisturbed })
    }

    /// Whether most anchors were measured on a busy machine, so that the level is too high.
    pub fn is_of_a_busy_machine(&self) -> bool {
        self.undisturbed < 0.5
    }
}

/// Number of anchors of a space.
const ANCHORS: usize = 6;
/// Number of undisturbed measurements of each anchor, each at other addresses in memory.
const READINGS: usize = 3;
/// Maximum number of measurements of each anchor.
const MAX_READINGS: usize = 8;

impl Table {
    /// The anchors for predictions of networks of a space: its own, or else some of all anchors.
    fn anchors_for(&self, space: Option<&str>) -> Vec<&Anchor> {
        let usable = |anchor: &&Anchor| self.predict_ms(&anchor.network).is_ok();
        let all: Vec<&Anchor> = self.anchors.iter().filter(usable).collect();
        let own = all.iter().copied().filter(|anchor| Some(&*anchor.space) == space);
        let own: Vec<&Anchor> = own.collect();
        if !own.is_empty() {
            return own;
        }
        let count = all.len().min(ANCHORS);
        (0..count).map(|index| all[index * all.len() / count]).collect()
    }

    /// Measures the anchors, in turns and until enough measurements were undisturbed. `None` if the
    /// table has no anchors or `measure` nothing to measure with.
    pub(crate) fn read_level(
        &self,
        space: Option<&str>,
        measure: &mut dyn FnMut(&Network) -> Result<Option<WholeLatency>, PredictorError>,
    ) -> Result<Option<Level>, PredictorError> {
        let anchors = self.anchors_for(space);
        let mut ratios: Vec<Vec<(f64, bool)>> = vec![Vec::new(); anchors.len()];
        for _ in 0..MAX_READINGS {
            for (Anchor { network, .. }, ratios) in anchors.iter().zip(&mut ratios) {
                if ratios.iter().filter(|(_, disturbed)| !disturbed).count() >= READINGS {
                    continue;
                }
                let Some(WholeLatency { p50_ms, disturbed }) = measure(network)? else {
                    return Ok(None);
                };
                ratios.push((p50_ms / self.predict_ms(network)?, disturbed));
            }
        }
        Ok(Level::of(&ratios))
    }

    /// Chooses the anchors of a space from the networks in which its blocks were measured, evenly
    /// over the logarithm of latency.
    pub(crate) fn set_anchors<'n>(
        &mut self,
        space: &str,
        networks: impl Iterator<Item = &'n Network>,
    ) {
        let log = |network: &'n Network| Some((self.predict_ms(network).ok()?.ln(), network));
        let mut networks: Vec<(f64, &Network)> = networks.filter_map(log).collect();
        networks.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let Some((&(least, _), &(most, _))) = networks.first().zip(networks.last()) else { return };
        let nearest = |index: usize| {
            let wanted = least + (most - least) * index as f64 / (ANCHORS - 1) as f64;
            let distance = |place: &usize| (networks[*place].0 - wanted).abs();
            (0..networks.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
        };
        let mut places: Vec<usize> = (0..ANCHORS).filter_map(nearest).collect();
        places.dedup();
        let anchor = |place: usize| {
            let network = networks[place].1.clone();
            Anchor { space: space.to_owned(), network }
        };
        let chosen: Vec<Anchor> = places.into_iter().map(anchor).collect();
        self.anchors.retain(|anchor| anchor.space != space);
        self.anchors.extend(chosen);
    }

    /// Adds a network that was measured alone, unless there are enough anchors.
    pub(crate) fn add_anchor(&mut self, network: &Network) {
        if self.anchors.len() < ANCHORS {
            self.anchors.push(Anchor { space: String::new(), network: network.clone() });
        }
    }
}

/// Reads anchors from a file and checks them.
pub(crate) mod anchor_list {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::Anchor;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Anchor>, D::Error> {
        let anchors = Vec::<Anchor>::deserialize(deserializer)?;
        for Anchor { network, .. } in &anchors {
            let name = &network.name;
            network.lower().map_err(|error| D::Error::custom(format!("anchor {name}: {error}")))?;
        }
        Ok(anchors)
    }
}
