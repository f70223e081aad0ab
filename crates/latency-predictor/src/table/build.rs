//! Measuring all blocks of a search space.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use search_space::{
    Activation, Block, Conv, Dropout, Head, Input, Network, Norm, PlacedUnit, SearchSpace, Unit,
};

use crate::error::PredictorError;
use crate::measure::quantiles::median;
use crate::table::file;
use crate::table::journal::{self, Journal, Sample, Visit};
use crate::table::plan::{BuildSettings, plan};
use crate::table::{Entry, Table, Timing};

/// Measures one network: a sample for each distinct block and the head.
pub type MeasureUnits<'a> = dyn FnMut(&Network) -> Result<Vec<Sample>, PredictorError> + 'a;

/// How far a build is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Networks measured, now or before an interruption.
    pub done: usize,
    /// Networks to measure.
    pub total: usize,
    /// What is measured next.
    pub label: &'a str,
}

/// How a build that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Built {
    /// The table has every block of the space.
    Complete,
    /// `progress` asked to stop. The side file holds what was measured; building again continues.
    Stopped,
}

/// What a killed build loses at most.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// The files of a build.
#[derive(Clone, Copy, Debug)]
pub struct BuildFiles<'a> {
    /// The table.
    pub table: &'a Path,
    /// The side file: what was measured is kept there until it is saved with the table.
    pub journal: &'a Path,
}

/// Measures the blocks of `space` that `table` lacks, or has from fewer than `settings.rounds`
/// networks, adds them, and saves the table. A build that was interrupted continues from its side file.
///
/// # Errors
/// `measure` fails; a file cannot be read or written.
pub fn build(
    space: &SearchSpace,
    table: &mut Table,
    files: BuildFiles<'_>,
    settings: BuildSettings,
    measure: &mut MeasureUnits<'_>,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Built, PredictorError> {
    let journal = files.journal;
    let todo = todo(space, table, settings);
    let mut done = Journal::resume(journal, &table.setup, space.fingerprint(), settings)?;
    let measured = measure_all(&todo, &mut done, journal, measure, progress);
    if !matches!(measured, Ok(Built::Complete)) {
        done.save(journal)?;
        return measured;
    }
    table.settings = settings;
    table.extend(journal::entries(&done.visits));
    table.save(files.table)?;
    file::remove(journal)?;
    Ok(Built::Complete)
}

fn measure_all(
    todo: &[(String, Timing, Network)],
    done: &mut Journal,
    journal: &Path,
    measure: &mut MeasureUnits<'_>,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Built, PredictorError> {
    let mut saved = Instant::now();
    for (index, (label, timing, network)) in todo.iter().enumerate() {
        if progress(Progress { done: index, total: todo.len(), label }).is_break() {
            return Ok(Built::Stopped);
        }
        if done.has(label) {
            continue;
        }
        let mut samples = measure(network)?;
        if *timing == Timing::Isolated {
            samples.retain(|sample| sample.unit.to_string() == *label);
        }
        done.visits.push(Visit { label: label.clone(), timing: *timing, samples });
        if saved.elapsed() > SAVE_EVERY {
            done.save(journal)?;
            saved = Instant::now();
        }
    }
    Ok(Built::Complete)
}

/// Networks to measure, with the label by which the side file knows them.
fn todo(
    space: &SearchSpace,
    table: &Table,
    settings: BuildSettings,
) -> Vec<(String, Timing, Network)> {
    let enough =
        |entry: &Entry| entry.timing == Timing::Isolated || entry.networks >= settings.rounds;
    let wanted: Vec<PlacedUnit> =
        space.units().into_iter().filter(|unit| !table.get(unit).is_some_and(enough)).collect();
    let plan = plan(space, &wanted, &settings);
    let rounds = plan.rounds.into_iter().enumerate().flat_map(|(round, networks)| {
        networks.into_iter().map(move |network| {
            (format!("round {}: {}", round + 1, network.name), Timing::InContext, network)
        })
    });
    let alone = plan
        .uncovered
        .iter()
        .filter_map(|unit| Some((unit.to_string(), Timing::Isolated, alone(unit)?)));
    rounds.chain(alone).collect()
}

/// A network of one unit (and the smallest head); `None` where it cannot be computed at all.
fn alone(unit: &PlacedUnit) -> Option<Network> {
    let PlacedUnit { unit: kind, input } = *unit;
    let pool = Head::Pool { dropout: Dropout::default(), bias: true };
    let (blocks, head, classes): (Vec<Block>, Head, usize) = match kind {
        Unit::Block(block) => (vec![block], pool, 1),
        Unit::Head { head, classes } => {
            // A network has at least one block.
            let (out, act) = (input.channels, Activation::Linear);
            let pointwise = Conv { out, kernel: 1, stride: 1, act, groups: 1 };
            (vec![Block::Conv(pointwise)], head, classes)
        }
    };
    let network = Network {
        format: Network::FORMAT,
        name: unit.to_string(),
        input: Input { channels: input.channels, resolution: input.resolution },
        classes,
        norm: Norm::default(),
        blocks,
        head,
    };
    network.lower().is_ok().then_some(network)
}

/// Networks in which blocks that a table lacks are measured on demand: the same one, each time with
/// other weights in other places of memory.
const ON_DEMAND: usize = 10;

/// Measures the blocks of `network` that `table` lacks in the network itself and adds them. Gives
/// the number of those blocks, each counted as often as it stands in the network.
///
/// # Errors
/// `measure` fails.
pub fn measure_missing(
    table: &mut Table,
    network: &Network,
    measure: &mut MeasureUnits<'_>,
) -> Result<usize, PredictorError> {
    let missing: Vec<PlacedUnit> =
        network.units().filter(|unit| table.get(unit).is_none()).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let wanted: HashSet<PlacedUnit> = missing.iter().copied().collect();
    let visit = |_| {
        let mut samples = measure(network)?;
        let slowdown = slowdown(table, &samples);
        samples.retain(|sample| wanted.contains(&sample.unit));
        for sample in &mut samples {
            sample.latency = sample.latency.at_usual_speed(slowdown);
        }
        Ok(Visit { label: network.name.clone(), timing: Timing::InContext, samples })
    };
    let visits = (0..ON_DEMAND).map(visit).collect::<Result<Vec<Visit>, PredictorError>>()?;
    table.extend(journal::entries(&visits));
    Ok(missing.len())
}

/// How much slower the device is than when `table` was measured, by the samples of units that it has:
/// their median, or 1 where most units are missing.
fn slowdown(table: &Table, samples: &[Sample]) -> f64 {
    let known = samples
        .iter()
        .filter_map(|sample| Some(sample.latency.p50_ms / table.get(&sample.unit)?.latency.p50_ms));
    let mut known: Vec<f64> = known.collect();
    match 2 * known.len() < samples.len() {
        true => 1.0,
        false => median(&mut known).unwrap_or(1.0),
    }
}
