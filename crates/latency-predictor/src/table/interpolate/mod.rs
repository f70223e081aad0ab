//! Interpolation of latencies between measured widths.
//!
//! Units that differ in widths only are a family. Inside it, latency is a sum of costs with
//! coefficients that are not negative, fitted to the measured units with most weight on the nearest
//! ones. Families that differ in kernel and activation share most coefficients. Nothing is
//! extrapolated: in the family itself, there must be a measured unit that costs at most as much in
//! every respect, and one that costs at least as much.

pub(crate) mod family;
pub(crate) mod list;
mod regression;
pub(crate) mod subset;

use std::collections::{HashMap, HashSet};

use search_space::PlacedUnit;
use serde::{Deserialize, Serialize};

use crate::measure::quantiles::{Quantiles, median, whole_ns};
use crate::table::{Table, file};
use family::{Family, Member, distinct, form, is_enclosed, member};
use regression::{Observation, fit};

/// The largest error with which a latency is interpolated, unless the runs of measured blocks vary
/// more, so that measuring is no better. Where the error is larger, blocks are measured.
const MAX_ERROR: f64 = 0.05;
/// The distance between the 10th and the 90th percentile of a normal distribution in standard
/// deviations.
const P10_TO_P90: f64 = 2.563;
/// The distance, in mean logarithms of costs, within which all measured units count alike.
const NEAR: f64 = 0.2;

/// A latency that was interpolated between measured widths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interpolated {
    /// The block or head.
    #[serde(with = "file::as_text")]
    pub unit: PlacedUnit,
    /// The latency in milliseconds.
    pub p50_ms: f64,
    /// Its standard error as a share of the latency: the root mean square of the errors with which
    /// measured units of the same family are predicted from the others, as far as these enclose
    /// them. Those that are nearest have most weight.
    pub error: f64,
}

/// A measured unit.
#[derive(Clone, Debug)]
struct Point {
    member: Member,
    ms: f64,
    /// The standard deviation of its runs as a share of `ms`.
    spread: f64,
}

/// The measured units of related families.
#[derive(Clone, Debug, Default)]
struct Points {
    points: Vec<Point>,
    /// The errors of [`Points::errors`] once they have been asked for.
    errors: Option<Vec<(usize, f64)>>,
}

impl Table {
    /// Interpolates the latency of a unit that the table lacks from its family. `None` if measured
    /// widths do not enclose it, or the error is not known or larger than both 5 % and the spread of
    /// the runs of its family.
    pub fn interpolate(&self, unit: &PlacedUnit) -> Option<Interpolated> {
        Families::near(self, [unit]).interpolate(unit)
    }

    /// Interpolates and keeps the latencies of those units that the table lacks, as far as that is
    /// possible. A latency that is kept stays the same, whatever is measured later, until the unit
    /// itself is measured or forgotten.
    pub(crate) fn interpolate_missing(&mut self, units: &[PlacedUnit]) {
        let missing: Vec<&PlacedUnit> =
            units.iter().filter(|unit| self.p50_ms(unit).is_none()).collect();
        let mut families = Families::near(self, missing.iter().copied());
        let found: Vec<_> = missing.iter().filter_map(|unit| families.interpolate(unit)).collect();
        self.interpolated.extend(found.into_iter().map(|one| (one.unit, one)));
    }

    /// The error of interpolation: the root mean square of the relative errors with which measured
    /// units are predicted from the others of their families. `None` if the families of
    /// `units` have no measured unit that others enclose.
    pub fn interpolation_error(&self, units: &[PlacedUnit]) -> Option<f64> {
        let families = Families::near(self, units);
        let errors = families.all.values().flat_map(Points::errors);
        let mut errors: Vec<f64> = errors.map(|(_, error)| error).collect();
        // The order decides how the sum is rounded.
        errors.sort_unstable_by(f64::total_cmp);
        root_mean_square(errors.into_iter().map(|error| (1.0, error)))
    }

    /// Those of `units` whose latency is neither measured nor interpolated nor could be.
    pub(crate) fn not_interpolated(&self, units: &[PlacedUnit]) -> Vec<PlacedUnit> {
        let missing = units.iter().filter(|unit| self.p50_ms(unit).is_none());
        let mut families = Families::near(self, missing.clone());
        missing.filter(|unit| families.interpolate(unit).is_none()).copied().collect()
    }
}

/// The measured units of some families, by what related ones have in common.
struct Families {
    all: HashMap<Family, Points>,
}

impl Families {
    /// The families of these units in `table`.
    fn near<'a>(table: &Table, units: impl IntoIterator<Item = &'a PlacedUnit>) -> Self {
        let forms: HashSet<PlacedUnit> = units.into_iter().map(form).collect();
        let mut entries: Vec<_> =
            table.entries.values().filter(|entry| forms.contains(&form(&entry.unit))).collect();
        // The order decides how sums are rounded.
        entries.sort_by_cached_key(|entry| entry.unit.to_string());
        let mut all: HashMap<Family, Points> = HashMap::new();
        for entry in entries {
            if let Some(member) = member(&entry.unit) {
                let points = all.entry(member.kin.clone()).or_default();
                let Quantiles { p10_ms, p50_ms: ms, p90_ms } = entry.latency;
                let spread = (p90_ms - p10_ms) / P10_TO_P90 / ms;
                points.points.push(Point { member, ms, spread });
            }
        }
        Self { all }
    }

    fn interpolate(&mut self, unit: &PlacedUnit) -> Option<Interpolated> {
        let at = member(unit)?;
        let points = self.all.get_mut(&at.kin)?;
        let p50_ms = whole_ns(estimate(&points.points, &at)?);
        let error = points.error(&at).filter(|&error| error <= points.max_error())?;
        Some(Interpolated { unit: *unit, p50_ms, error })
    }
}

impl Points {
    /// The relative errors with which units that others enclose are predicted from these, each with
    /// the place of the unit.
    fn errors(&self) -> Vec<(usize, f64)> {
        let without = |place: usize| {
            let mut others = self.points.clone();
            let Point { member, ms, .. } = others.remove(place);
            Some((place, estimate(&others, &member)? / ms - 1.0))
        };
        (0..self.points.len()).filter_map(without).collect()
    }

    /// The largest error with which these are interpolated between.
    fn max_error(&self) -> f64 {
        let mut spreads: Vec<f64> = self.points.iter().map(|point| point.spread).collect();
        median(&mut spreads).unwrap_or(0.0).max(MAX_ERROR)
    }

    /// The standard error near `at`.
    fn error(&mut self, at: &Member) -> Option<f64> {
        if self.errors.is_none() {
            self.errors = Some(self.errors());
        }
        let weighted =
            |&(place, error): &(usize, f64)| (weight(&self.points[place].member, at), error);
        let error = root_mean_square(self.errors.iter().flatten().map(weighted))?;
        // As many digits as make sense, which keeps files short.
        Some((error * 1e4).ceil() / 1e4)
    }
}

/// The latency of a unit in milliseconds, from measured units of its family. `None` if these do not
/// enclose it.
fn estimate(points: &[Point], at: &Member) -> Option<f64> {
    let family: Vec<&Point> =
        points.iter().filter(|point| point.member.family == at.family).collect();
    let members: Vec<&Member> = family.iter().map(|point| &point.member).collect();
    if !is_enclosed(at, &members) {
        return None;
    }
    let cheaper = family.iter().filter(|point| point.member.costs_at_most(at));
    let dearer = family.iter().filter(|point| at.costs_at_most(&point.member));
    let low = cheaper.map(|point| point.ms).max_by(f64::total_cmp)?;
    let high = dearer.map(|point| point.ms).min_by(f64::total_cmp)?;
    let families = distinct(points.iter().map(|point| &point.member));
    let observation = |Point { member, ms, .. }: &Point| Observation {
        costs: member.row(&families),
        ms: *ms,
        weight: weight(member, at),
    };
    let observations: Vec<Observation> = points.iter().map(observation).collect();
    // Measured latencies have errors, so the cheaper unit may have the higher latency.
    Some(fit(&observations, &at.row(&families)).clamp(low.min(high), low.max(high)))
}

/// The weight of a measured unit for the latency of another one.
fn weight(measured: &Member, at: &Member) -> f64 {
    let square = |(a, b): (&f64, &f64)| (a / b).ln().powi(2);
    let sum: f64 = measured.shared.iter().zip(&at.shared).map(square).sum();
    1.0 / (sum / at.shared.len() as f64 + NEAR.powi(2))
}

/// The root mean square of errors, each of which comes after its weight. `None` if there are none.
fn root_mean_square(errors: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let add = |(weights, sum), (weight, error)| (weights + weight, sum + weight * error * error);
    let (weights, sum) = errors.into_iter().fold((0.0, 0.0), add);
    (weights > 0.0).then(|| (sum / weights).sqrt())
}
