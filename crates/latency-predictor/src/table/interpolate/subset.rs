//! Which units of a space are measured, so that the others can be interpolated.

use std::collections::{HashMap, HashSet};

use search_space::PlacedUnit;

use crate::table::interpolate::family::{Family, Member, distinct, is_enclosed, member};
use crate::table::plan::MeasuredWidths;

/// The variance of an interpolated latency, as far as it comes from that of measured ones, as a
/// multiple of the latter. Units are measured until it is below this for all others.
const MAX_VARIANCE: f64 = 1.0;
/// The variance that is added to all costs, for those that no measured unit distinguishes.
const RIDGE: f64 = 1e-4;

/// The units of a space that a build measures, in the order of `units`. [`MeasuredWidths::Subset`]: a
/// part of each family from which the others can be interpolated, or all units if that part is not
/// less than half of them.
pub fn measured_units(units: &[PlacedUnit], widths: MeasuredWidths) -> Vec<PlacedUnit> {
    match widths {
        MeasuredWidths::All => units.to_vec(),
        MeasuredWidths::Subset => subset(units),
    }
}

fn subset(units: &[PlacedUnit]) -> Vec<PlacedUnit> {
    let mut families: Vec<Vec<(PlacedUnit, Member)>> = Vec::new();
    let mut places: HashMap<Family, usize> = HashMap::new();
    let mut measured: HashSet<PlacedUnit> = HashSet::new();
    for unit in units {
        match member(unit) {
            None => _ = measured.insert(*unit),
            Some(member) => {
                let next = places.len();
                let place = *places.entry(member.kin.clone()).or_insert(next);
                if place == next {
                    families.push(Vec::new());
                }
                families[place].push((*unit, member));
            }
        }
    }
    for related in &families {
        let members: Vec<&Member> = related.iter().map(|(_, member)| member).collect();
        measured.extend(part(&members).into_iter().map(|place| related[place].0));
    }
    match 2 * measured.len() < units.len() {
        true => units.iter().filter(|unit| measured.contains(unit)).copied().collect(),
        false => units.to_vec(),
    }
}

/// The places of the members to measure. The next one is always that whose latency is known the
/// least from those before (the one with the largest leverage, as in D-optimal designs), which are
/// the extreme ones first.
fn part(members: &[&Member]) -> Vec<usize> {
    let shares = shares(members);
    let size = shares[0].len();
    let mut inverse: Vec<Vec<f64>> = (0..size)
        .map(|row| (0..size).map(|column| if row == column { 1.0 / RIDGE } else { 0.0 }).collect())
        .collect();
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < members.len() {
        let left = (0..members.len()).filter(|place| !chosen.contains(place));
        let variance = |place: usize| dot(&shares[place], &product(&inverse, &shares[place]));
        let is_open = |place: usize| {
            let family = chosen.iter().map(|&other| members[other]);
            let family: Vec<&Member> =
                family.filter(|other| other.family == members[place].family).collect();
            let enclosed = is_enclosed(members[place], &family);
            !enclosed || variance(place) > MAX_VARIANCE
        };
        let next = left
            .filter(|&place| is_open(place))
            .max_by(|&a, &b| variance(a).total_cmp(&variance(b)).then(b.cmp(&a)));
        let Some(next) = next else { break };
        let reached = product(&inverse, &shares[next]);
        let divisor = 1.0 + dot(&shares[next], &reached);
        for (row, a) in inverse.iter_mut().zip(&reached) {
            row.iter_mut().zip(&reached).for_each(|(value, b)| *value -= a * b / divisor);
        }
        chosen.push(next);
    }
    chosen
}

/// The costs of each member as shares of their sum, where every cost counts alike on average.
fn shares(members: &[&Member]) -> Vec<Vec<f64>> {
    let families = distinct(members.iter().copied());
    let rows: Vec<Vec<f64>> = members.iter().map(|member| member.row(&families)).collect();
    let mean = |column: usize| {
        let used = rows.iter().map(|row| row[column]).filter(|&cost| cost > 0.0);
        used.clone().sum::<f64>() / used.count() as f64
    };
    let means: Vec<f64> = (0..rows[0].len()).map(mean).collect();
    let share = |row: &Vec<f64>| {
        let scaled: Vec<f64> = row.iter().zip(&means).map(|(cost, mean)| cost / mean).collect();
        let sum: f64 = scaled.iter().sum();
        scaled.iter().map(|cost| cost / sum).collect()
    };
    rows.iter().map(share).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn product(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}
