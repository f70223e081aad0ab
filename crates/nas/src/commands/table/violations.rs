//! Blocks that are faster than smaller ones.

use std::collections::HashSet;

use latency_predictor::{Dimension, Quantiles, Table, Violation};
use search_space::PlacedUnit;

use crate::screen;

/// Number of violations that are listed.
const LISTED: usize = 5;

/// The violations among the blocks of a space.
pub(super) fn of_space(table: &Table, units: &[PlacedUnit]) -> Vec<Violation> {
    let units: HashSet<&PlacedUnit> = units.iter().collect();
    let mut violations = table.monotonicity_violations();
    violations.retain(|one| units.contains(&one.smaller) && units.contains(&one.larger));
    violations
}

/// How many there are, on one line.
pub(super) fn count(count: usize) -> String {
    match count {
        0 => "no block is faster than a smaller one beyond the spread of runs".to_owned(),
        1 => "1 block is faster than a smaller one, beyond the spread of runs".to_owned(),
        count => {
            let count = screen::grouped(count);
            format!("{count} pairs of blocks: the larger is faster, beyond the spread of runs")
        }
    }
}

/// How many there are, and those that are furthest off.
pub(super) fn worst(violations: &[Violation]) -> String {
    let mut text = count(violations.len());
    let rows = violations.iter().take(LISTED).flat_map(|violation| {
        let percent = format!("{:.1} %", 100.0 * violation.faster_by());
        let differs_in = words(violation.differs_in).to_owned();
        let smaller = row(violation.smaller, &violation.smaller_latency, [differs_in, percent]);
        let larger = row(violation.larger, &violation.larger_latency, Default::default());
        [smaller, larger]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        let header = ["smaller, larger block", "p50 (us)", "p10 to p90", "differ in", "faster by"];
        text += &format!("\n\n{}", screen::table(&header, &[header[0], header[3]], rows));
    }
    let more = violations.len().saturating_sub(LISTED);
    if more > 0 {
        text += &format!("\nand {} more, which --json lists", screen::grouped(more));
    }
    text
}

fn row(unit: PlacedUnit, latency: &Quantiles, [differs_in, percent]: [String; 2]) -> Vec<String> {
    let Quantiles { p10_ms, p50_ms, p90_ms } = latency;
    let [p10, p50, p90] = [p10_ms, p50_ms, p90_ms].map(|ms| format!("{:.1}", 1e3 * ms));
    vec![unit.to_string(), p50, format!("{p10} to {p90}"), differs_in, percent]
}

fn words(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Input => "input",
        Dimension::Out => "output",
        Dimension::Expansion => "expansion",
        Dimension::Features => "features",
        Dimension::Squeeze => "squeeze",
        Dimension::Kernel => "kernel",
        Dimension::StartKernel => "first kernel",
    }
}
