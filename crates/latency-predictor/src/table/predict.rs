//! Predicts latencies of networks from a table.

use search_space::{Network, PlacedUnit};
use serde::Serialize;

use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::table::Table;
use crate::table::build::{MeasureUnits, measure_missing};

/// What is done about units that a table lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingUnits {
    /// They are measured.
    Measure,
    /// They are interpolated where measured widths enclose them, and else measured.
    Interpolate,
}

/// The shares of a network's units by the source of their latencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Share of units that the table already had.
    pub exact: f64,
    /// Share of units whose latency is interpolated from other entries.
    pub interpolated: f64,
    /// Share of units that were measured for this prediction.
    pub measured_now: f64,
}

/// A predicted latency and the sources of its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Latency in milliseconds: the p50 of all blocks and the head, and `cold_ms`.
    pub ms: f64,
    /// What the weights cost beyond the sum of the blocks, in milliseconds; negative where they stay
    /// in nearer caches than those of the networks in which the blocks were measured.
    pub cold_ms: f64,
    /// Shares of the units by the source of their latencies.
    pub coverage: Coverage,
    /// The standard error of `ms` that comes from interpolation, as a share of `ms`: 0 if no latency
    /// is interpolated. The errors of different units are taken to be independent of each other, and
    /// a unit that occurs several times has the same error each time.
    pub interpolation_error: f64,
    /// The conditions under which units were measured for this prediction, if any were.
    pub conditions: Option<Conditions>,
}

/// Minimum share of the sum of the blocks that a prediction has.
const MIN_SHARE: f64 = 0.5;

impl Table {
    /// Predicts the latency of a network in milliseconds as the sum of the p50 of its blocks and
    /// head, which are measured or interpolated ones, and of what its weights cost beyond that
    /// ([`ColdWeights`](crate::ColdWeights), if the table has such fits their mean).
    ///
    /// # Errors
    /// [`PredictorError::MissingUnit`]: the first unit that the table lacks.
    pub fn predict_ms(&self, network: &Network) -> Result<f64, PredictorError> {
        let blocks_ms = self.sum_ms(network)?;
        if self.cold_weights.is_empty() {
            return Ok(blocks_ms);
        }
        let traffic = self.traffic.of(network.units());
        let cold_ms: f64 = self.cold_weights.iter().map(|fit| fit.ms(traffic)).sum();
        // Far outside the measured networks, a fit must not turn the latency negative.
        let ms = blocks_ms + cold_ms / self.cold_weights.len() as f64;
        Ok(ms.max(MIN_SHARE * blocks_ms))
    }

    /// The sum of the p50 of a network's blocks and head in milliseconds.
    ///
    /// # Errors
    /// [`PredictorError::MissingUnit`]: the first unit that the table lacks.
    pub(crate) fn sum_ms(&self, network: &Network) -> Result<f64, PredictorError> {
        network.units().try_fold(0.0, |sum_ms, unit| match self.p50_ms(&unit) {
            Some(p50_ms) => Ok(sum_ms + p50_ms),
            None => Err(PredictorError::MissingUnit { unit }),
        })
    }

    /// Finds out the traffic of all blocks, so that predictions need not.
    pub(crate) fn know_traffic(&mut self) {
        if !self.cold_weights.is_empty() {
            let interpolated = self.interpolated.keys();
            self.traffic.add(self.entries.keys().chain(interpolated).copied());
        }
    }

    /// Predicts the latency of a network after interpolating or measuring the units that the table
    /// lacks and adding them.
    ///
    /// # Errors
    /// `measure` fails.
    pub fn predict_or_measure(
        &mut self,
        network: &Network,
        missing: MissingUnits,
        measure: &mut dyn MeasureUnits,
    ) -> Result<Prediction, PredictorError> {
        let units: Vec<PlacedUnit> = network.units().collect();
        match missing {
            MissingUnits::Measure => {}
            MissingUnits::Interpolate => self.interpolate_missing(&units),
        }
        let measured = measure_missing(self, network, missing, measure)?;
        let conditions = (measured > 0).then(|| measure.conditions());
        let ms = self.predict_ms(network)?;
        let cold_ms = ms - self.sum_ms(network)?;
        let interpolated =
            units.iter().filter(|unit| self.get_interpolated(unit).is_some()).count();
        let share = |count: usize| count as f64 / units.len() as f64;
        let coverage = Coverage {
            exact: share(units.len() - interpolated - measured),
            interpolated: share(interpolated),
            measured_now: share(measured),
        };
        let interpolation_error = self.interpolation_error_ms(&units) / ms;
        Ok(Prediction { ms, cold_ms, coverage, interpolation_error, conditions })
    }

    /// The standard error in milliseconds of the sum over `units` that comes from interpolation.
    fn interpolation_error_ms(&self, units: &[PlacedUnit]) -> f64 {
        let distinct =
            units.iter().enumerate().filter(|(place, unit)| !units[..*place].contains(unit));
        let square = |(_, unit): (usize, &PlacedUnit)| {
            let one = self.get_interpolated(unit)?;
            let count = units.iter().filter(|other| *other == unit).count() as f64;
            Some((count * one.error * one.p50_ms).powi(2))
        };
        distinct.filter_map(square).fold(0.0, |sum, square| sum + square).sqrt()
    }
}
