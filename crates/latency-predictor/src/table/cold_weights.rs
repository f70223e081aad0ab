//! What the weights of a network cost beyond the sum of its blocks, because of the caches.

use std::collections::HashMap;

use search_space::PlacedUnit;
use serde::{Deserialize, Serialize};

use crate::measure::quantiles::median;
use crate::table::build::alone;

/// What blocks or networks read and write.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traffic {
    /// Weights, in megabytes.
    pub(crate) weights_mb: f64,
    /// Inputs, outputs and weights of all convolutions and linear layers, in megabytes.
    pub(crate) total_mb: f64,
}

const BYTES_PER_MB: f64 = 1e6;

impl Traffic {
    /// The traffic of a block or head. `None` if it cannot be computed alone.
    pub(crate) fn of(unit: &PlacedUnit) -> Option<Self> {
        let graph = alone(unit)?.lower().ok()?;
        let span = graph.units.iter().find(|span| span.unit == *unit)?;
        let cost = span.nodes.clone().map(|node| graph.layer_cost(&graph.nodes[node]));
        let mb = |elements: usize| (size_of::<f32>() * elements) as f64 / BYTES_PER_MB;
        Some(cost.fold(Self::default(), |sum, layer| Self {
            weights_mb: sum.weights_mb + mb(layer.params),
            total_mb: sum.total_mb + mb(layer.memory_access_cost),
        }))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            weights_mb: self.weights_mb + other.weights_mb,
            total_mb: self.total_mb + other.total_mb,
        }
    }
}

/// Traffic of units that were asked for before. It follows from the units, so it is no part of what a
/// table is.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownTraffic(HashMap<PlacedUnit, Traffic>);

impl PartialEq for KnownTraffic {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl KnownTraffic {
    pub(crate) fn add(&mut self, units: impl Iterator<Item = PlacedUnit>) {
        for unit in units {
            self.0.entry(unit).or_insert_with(|| Traffic::of(&unit).unwrap_or_default());
        }
    }

    pub(crate) fn of(&self, units: impl Iterator<Item = PlacedUnit>) -> Traffic {
        let one =
            |unit| self.0.get(&unit).copied().or_else(|| Traffic::of(&unit)).unwrap_or_default();
        units.map(one).fold(Traffic::default(), Traffic::and)
    }
}

/// What each megabyte of weights costs in networks of much or little traffic, relative to the networks
/// in which the blocks were measured. A network that runs again and again reads its weights from the
/// nearest cache that still has them, and the more it reads and writes in between, the further away
/// that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdWeights {
    /// Name of the search space whose networks were measured.
    pub space: String,
    /// Points of the curve, in order of traffic. It is linear between them in the logarithm of
    /// traffic, and constant beyond the first and the last one.
    #[serde(deserialize_with = "points")]
    pub points: Vec<ColdPoint>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdPoint {
    /// What a network reads and writes in a run, in megabytes.
    pub traffic_mb: f64,
    /// Milliseconds for each megabyte of its weights, to be added to the sum of its blocks.
    pub ms_per_mb: f64,
}

/// A network that was measured as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Residual {
    pub(crate) traffic: Traffic,
    /// Measured latency less the sum of the blocks, in milliseconds.
    pub(crate) ms: f64,
}

/// Number of points of a curve.
const POINTS: usize = 6;
/// Minimum number of networks for each point.
const MIN_NETWORKS: usize = 3;

impl ColdWeights {
    /// The curve through the medians of groups of networks with similar traffic. It has no points if
    /// there are too few networks.
    pub(crate) fn fit(space: &str, mut residuals: Vec<Residual>) -> Self {
        residuals.retain(|residual| residual.traffic.weights_mb > 0.0);
        residuals.sort_by(|a, b| a.traffic.total_mb.total_cmp(&b.traffic.total_mb));
        let count = POINTS.min(residuals.len() / MIN_NETWORKS);
        let point = |index: usize| {
            let group = index * residuals.len() / count..(index + 1) * residuals.len() / count;
            let group = &residuals[group];
            let mut costs: Vec<f64> =
                group.iter().map(|one| one.ms / one.traffic.weights_mb).collect();
            let logs = group.iter().map(|one| one.traffic.total_mb.ln());
            let traffic_mb = (logs.sum::<f64>() / group.len() as f64).exp();
            Some(ColdPoint { traffic_mb, ms_per_mb: median(&mut costs)? })
        };
        Self { space: space.to_owned(), points: (0..count).filter_map(point).collect() }
    }

    /// What to add to the sum of a network's blocks, in milliseconds.
    pub(crate) fn ms(&self, of: Traffic) -> f64 {
        of.weights_mb * self.ms_per_mb(of.total_mb)
    }

    fn ms_per_mb(&self, traffic_mb: f64) -> f64 {
        let above = self.points.iter().position(|point| point.traffic_mb > traffic_mb);
        match above {
            Some(0) => self.points[0].ms_per_mb,
            None => self.points.last().map_or(0.0, |point| point.ms_per_mb),
            Some(above) => {
                let [from, to] = [self.points[above - 1], self.points[above]];
                let log = |to_mb: f64| (to_mb / from.traffic_mb).ln();
                let share = log(traffic_mb) / log(to.traffic_mb);
                from.ms_per_mb + share * (to.ms_per_mb - from.ms_per_mb)
            }
        }
    }
}

/// Reads points and checks them.
fn points<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<ColdPoint>, D::Error> {
    let points = Vec::<ColdPoint>::deserialize(deserializer)?;
    let are_finite = points
        .iter()
        .all(|one| one.traffic_mb > 0.0 && one.traffic_mb.is_finite() && one.ms_per_mb.is_finite());
    let are_in_order = points.windows(2).all(|pair| pair[0].traffic_mb < pair[1].traffic_mb);
    match are_finite && are_in_order {
        true => Ok(points),
        false => Err(serde::de::Error::custom(
            "points of cold_weights: expected: finite numbers with positive traffic_mb, in order of it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residual(total_mb: f64, weights_mb: f64, ms: f64) -> Residual {
        Residual { traffic: Traffic { weights_mb, total_mb }, ms }
    }

    /// Networks of little traffic save 0.06 ms for each megabyte, those of much cost 0.04 ms.
    #[test]
    fn a_curve_is_recovered_from_networks_and_their_noise() {
        let cost = |total_mb: f64| if total_mb < 60.0 { -0.06 } else { 0.04 };
        let residuals = (1..=36).map(|index| {
            let (total_mb, weights_mb) = (5.0 * f64::from(index), 4.0 + f64::from(index % 7));
            let noise = [0.002, -0.001, 0.0, 0.05][index as usize % 4];
            residual(total_mb, weights_mb, weights_mb * (cost(total_mb) + noise))
        });
        let fitted = ColdWeights::fit("s", residuals.collect());
        assert_eq!(fitted.points.len(), 6);
        for (total_mb, expected) in [(1.0, -0.06), (18.0, -0.06), (150.0, 0.04), (900.0, 0.04)] {
            let ms = fitted.ms(Traffic { weights_mb: 10.0, total_mb });
            assert!((ms - 10.0 * expected).abs() < 0.06, "{total_mb} MB: {ms} ms");
        }
    }

    #[test]
    fn between_two_points_the_curve_is_linear_in_the_logarithm() {
        let at = |traffic_mb, ms_per_mb| ColdPoint { traffic_mb, ms_per_mb };
        let curve =
            ColdWeights { space: String::new(), points: vec![at(10.0, 0.0), at(1000.0, 1.0)] };
        let ms = |total_mb| curve.ms(Traffic { weights_mb: 2.0, total_mb });
        assert!((ms(100.0) - 1.0).abs() < 1e-12);
        assert_eq!([ms(10.0), ms(5.0), ms(1000.0), ms(2000.0)], [0.0, 0.0, 2.0, 2.0]);
    }

    #[test]
    fn too_few_networks_give_no_curve() {
        for residuals in [vec![residual(1.0, 1.0, 0.1); 2], vec![residual(1.0, 0.0, 0.1); 9]] {
            let fitted = ColdWeights::fit("s", residuals);
            assert!(fitted.points.is_empty() && fitted.ms(Traffic::default()) == 0.0);
        }
    }

    #[test]
    fn the_traffic_of_a_block_is_that_of_its_layers() {
        let graph = search_space::published::network("mobilenet_v2@resolution=32").unwrap();
        let units: Vec<PlacedUnit> = graph.units().collect();
        let cost = graph.lower().unwrap().cost();
        let all = KnownTraffic::default().of(units.into_iter());
        assert!((all.weights_mb - 4e-6 * cost.params as f64).abs() < 1e-9);
        assert!((all.total_mb - 4e-6 * cost.memory_access_cost as f64).abs() < 1e-9);
    }
}
