//! Measures all blocks of a search space.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use search_space::{
    Activation, Block, Conv, Dropout, Head, Input, Network, Norm, PlacedUnit, SearchSpace, Unit,
};

use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::measure::meter::ProbeLevel;
use crate::measure::quantiles::median;
use crate::table::anchors::{Level, WholeLatency};
use crate::table::build_record::BlocksOf;
use crate::table::file;
use crate::table::fit::WHOLE_NETWORKS;
use crate::table::interpolate::subset::measured_units;
use crate::table::journal::{self, Journal, Sample, Visit};
use crate::table::plan::{BuildSettings, plan};
use crate::table::predict::MissingUnits;
use crate::table::{Entry, Table, Timing};

/// What measures blocks: a device, or a function that returns samples.
pub trait MeasureUnits {
    /// Measures a network and returns a sample for each distinct block and the head.
    ///
    /// # Errors
    /// The network cannot be measured.
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError>;

    /// Measures a network as a whole. `None`, the default, if only blocks can be measured.
    ///
    /// # Errors
    /// The network cannot be measured.
    fn whole(&mut self, _network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
        Ok(None)
    }

    /// What the measuring goes by. `None`, the default, if the clock of the latencies is not known.
    fn probe_level(&self) -> Option<ProbeLevel> {
        None
    }

    /// From now on, latencies are at the usual clock of the measurements so far. Returns the factor
    /// that converts latencies of these measurements, 1 by default.
    fn settle_clock(&mut self) -> f64 {
        1.0
    }

    /// The conditions of all measurements so far, which are unknown by default.
    fn conditions(&mut self) -> Conditions {
        Conditions::default()
    }
}

impl<F: FnMut(&Network) -> Result<Vec<Sample>, PredictorError>> MeasureUnits for F {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        self(network)
    }
}

/// Of the blocks that are left out at first, some are interpolated with too large an error and measured:
/// until that is known, a network is expected for so many of them.
const UNMEASURED_PER_NETWORK: usize = 3;

/// The progress of a build.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Number of networks that were measured, now or before an interruption.
    pub done: usize,
    /// Number of networks to measure, as far as it is known.
    pub total: usize,
    /// Label of the network or unit that is measured next.
    pub label: &'a str,
}

/// The outcome of a build that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Built {
    /// The table has every block of the space.
    Complete,
    /// `progress` requested a stop. The journal holds the measurements, and the next build
    /// continues from it.
    Stopped,
}

/// Interval at which the journal is saved. A killed build loses what it has measured since then.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// The files of a build.
#[derive(Clone, Copy, Debug)]
pub struct BuildFiles<'a> {
    /// File of the table.
    pub table: &'a Path,
    /// Journal: the side file that keeps measurements until they are saved in the table.
    pub journal: &'a Path,
}

/// Measures the blocks of `space` that `table` lacks or that were measured in fewer than
/// `settings.rounds` networks, adds them to the table and saves it. An interrupted build continues
/// from its journal. With [`MeasuredWidths::Subset`](crate::MeasuredWidths) a part of the blocks is
/// measured and the others are interpolated; those for which the error of that is too large are then
/// measured too.
///
/// # Errors
/// `measure` fails, or a file cannot be read or written.
pub fn build(
    space: &SearchSpace,
    table: &mut Table,
    files: BuildFiles<'_>,
    settings: BuildSettings,
    measure: &mut dyn MeasureUnits,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Built, PredictorError> {
    let units = space.units();
    let measured = measured_units(&units, settings.widths);
    let first = wanted(&measured, table, settings);
    let of = match first.len() == measured.len() {
        true => BlocksOf::WholeSpace,
        false => BlocksOf::RestOfSpace,
    };
    let expected = (units.len() - measured.len()).div_ceil(UNMEASURED_PER_NETWORK);
    let mut before = 0;
    let mut at_blocks = |at: Progress<'_>| {
        before = at.total;
        progress(Progress { total: at.total + expected + WHOLE_NETWORKS, ..at })
    };
    let pass = Pass { space, wanted: &first, of, files, settings };
    let Some(mut networks) = pass.measure(table, measure, &mut at_blocks)? else {
        return Ok(Built::Stopped);
    };
    let rest = table.not_interpolated(&units);
    let pass = Pass { space, wanted: &rest, of: BlocksOf::RestOfSpace, files, settings };
    let (first, mut of_rest) = (before, 0);
    let mut at_rest = |at: Progress<'_>| {
        of_rest = at.total;
        let (done, total) = (first + at.done, first + at.total + WHOLE_NETWORKS);
        progress(Progress { done, total, ..at })
    };
    let Some(networks_of_rest) = pass.measure(table, measure, &mut at_rest)? else {
        return Ok(Built::Stopped);
    };
    let for_blocks = first + of_rest;
    table.interpolate_missing(&units);
    networks.extend(networks_of_rest);
    if !networks.is_empty() || table.lacks_fit(space) {
        table.cold_weights.retain(|fit| fit.space != space.name);
        table.set_anchors(&space.name, networks.iter());
        table.save(files.table)?;
        let mut at_whole = |at: Progress<'_>| {
            let (done, total) = (for_blocks + at.done, for_blocks + at.total);
            progress(Progress { done, total, ..at })
        };
        let Some(whole) = table.fit_cold_weights(space, measure, &mut at_whole)? else {
            return Ok(Built::Stopped);
        };
        networks.extend(whole);
    }
    table.set_anchors(&space.name, networks.iter());
    table.save(files.table)?;
    Ok(Built::Complete)
}

/// Some blocks of a space, which are measured together.
struct Pass<'a> {
    space: &'a SearchSpace,
    wanted: &'a [PlacedUnit],
    of: BlocksOf,
    files: BuildFiles<'a>,
    settings: BuildSettings,
}

impl Pass<'_> {
    /// Returns the networks in which blocks were measured, or `None` if `progress` requested a stop.
    fn measure(
        &self,
        table: &mut Table,
        measure: &mut dyn MeasureUnits,
        progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Vec<Network>>, PredictorError> {
        let Self { space, wanted, of, files, settings } = *self;
        if wanted.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let journal = files.journal;
        let mut todo = todo(space, wanted, settings);
        let mut done = Journal::resume(journal, &table.setup, space.fingerprint(), settings)?;
        let mut measured = measure_all(&todo, &mut done, journal, measure, progress);
        if let Ok(Built::Complete) = measured {
            let planned = &done.visits[..todo.len().min(done.visits.len())];
            todo.extend(again(space, planned, settings));
            measured = measure_all(&todo, &mut done, journal, measure, progress);
        }
        if !matches!(measured, Ok(Built::Complete)) {
            done.save(journal)?;
            return measured.map(|_| None);
        }
        table.settings = settings;
        let wanted: HashSet<PlacedUnit> = wanted.iter().copied().collect();
        // Of the other blocks of the networks, some were measured in a few networks only.
        let is_thorough =
            |entry: &Entry| wanted.contains(&entry.unit) || entry.networks >= settings.rounds;
        let entries = journal::entries(&done.visits);
        let slowdown = match table.slowdown_of(&entries) {
            Some(slowdown) => slowdown,
            None => table.level_of_new_blocks(measure)?.ratio / table.settle_clock(measure),
        };
        let entries = entries.into_iter().filter(is_thorough);
        table.extend(entries.map(|entry| entry.at_usual_speed(slowdown)));
        table.record_build(&space.name, of, done.conditions);
        table.save(files.table)?;
        file::remove(journal)?;
        let in_context = todo.into_iter().filter(|(_, timing, _)| *timing == Timing::InContext);
        Ok(Some(in_context.map(|(_, _, network)| network).collect()))
    }
}

fn measure_all(
    todo: &[(String, Timing, Network)],
    done: &mut Journal,
    journal: &Path,
    measure: &mut dyn MeasureUnits,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Built, PredictorError> {
    let mut saved = Instant::now();
    let before = done.conditions.clone();
    let missing: Vec<_> = todo.iter().filter(|(label, ..)| !done.has(label)).collect();
    let known = todo.len() - missing.len();
    for (index, (label, timing, network)) in missing.into_iter().enumerate() {
        if progress(Progress { done: known + index, total: todo.len(), label }).is_break() {
            return Ok(Built::Stopped);
        }
        let samples = measure.units(network);
        done.conditions = before.clone().and(measure.conditions());
        done.probe = measure.probe_level();
        let mut samples = samples?;
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

/// The blocks that the table lacks or that were measured in too few networks.
fn wanted(units: &[PlacedUnit], table: &Table, settings: BuildSettings) -> Vec<PlacedUnit> {
    let enough =
        |entry: &Entry| entry.timing == Timing::Isolated || entry.networks >= settings.rounds;
    units.iter().filter(|unit| !table.get(unit).is_some_and(enough)).copied().collect()
}

/// Number of rounds in which units whose latencies are far apart are measured again.
const ROUNDS_AGAIN: usize = 2;

/// The networks to measure for units whose latencies in the planned networks were far apart.
fn again(
    space: &SearchSpace,
    planned: &[Visit],
    settings: BuildSettings,
) -> Vec<(String, Timing, Network)> {
    let wide = journal::widely_spread(planned);
    let wide: Vec<PlacedUnit> =
        space.units().into_iter().filter(|unit| wide.contains(unit)).collect();
    let settings = BuildSettings { rounds: ROUNDS_AGAIN, seed: !settings.seed, ..settings };
    let rounds = plan(space, &wide, &settings).rounds.into_iter().enumerate();
    let label = |round: usize, network: &Network| format!("again {}: {}", round + 1, network.name);
    let networks = rounds.flat_map(|(round, networks)| {
        networks
            .into_iter()
            .map(move |network| (label(round, &network), Timing::InContext, network))
    });
    networks.collect()
}

/// The networks to measure, each with its label in the journal.
fn todo(
    space: &SearchSpace,
    wanted: &[PlacedUnit],
    settings: BuildSettings,
) -> Vec<(String, Timing, Network)> {
    let plan = plan(space, wanted, &settings);
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

/// A network that consists of one unit and as little else as possible. `None` if it cannot be
/// computed.
pub(crate) fn alone(unit: &PlacedUnit) -> Option<Network> {
    let PlacedUnit { unit: kind, input } = *unit;
    let pool = Head::Pool { dropout: Dropout::default(), bias: true };
    let (blocks, head, classes): (Vec<Block>, Head, usize) = match kind {
        Unit::Block(block) => (vec![block], pool, 1),
        Unit::Head { head, classes } => {
            // A network needs at least one block.
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
        class_names: Vec::new(),
        preprocessing: None,
        norm: Norm::default(),
        blocks,
        head,
    };
    network.lower().is_ok().then_some(network)
}

/// Number of times that a network is measured for the blocks that a table lacks, each time at other
/// addresses in memory.
const ON_DEMAND: usize = 10;

/// Measures the units of `network` that `table` lacks, in the network itself, and adds them. With
/// [`MissingUnits::Measure`] those whose latency is interpolated are measured too. Returns the
/// number of those units in the network, including repetitions.
///
/// # Errors
/// `measure` fails.
pub fn measure_missing(
    table: &mut Table,
    network: &Network,
    missing: MissingUnits,
    measure: &mut dyn MeasureUnits,
) -> Result<usize, PredictorError> {
    let is_missing = |unit: &PlacedUnit| match missing {
        MissingUnits::Measure => table.get(unit).is_none(),
        MissingUnits::Interpolate => table.p50_ms(unit).is_none(),
    };
    let missing: Vec<PlacedUnit> = network.units().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let is_first = table.is_empty();
    let networks = vec![network; ON_DEMAND];
    measure_in(table, &networks, &missing.iter().copied().collect(), measure)?;
    if is_first {
        table.add_anchor(network);
    }
    Ok(missing.len())
}

/// Measures the units `wanted` in each of `networks` that has some of them, and adds them.
pub(crate) fn measure_in(
    table: &mut Table,
    networks: &[&Network],
    wanted: &HashSet<PlacedUnit>,
    measure: &mut dyn MeasureUnits,
) -> Result<(), PredictorError> {
    let level = table.level_of_new_blocks(measure)?;
    let visit = |network: &&Network| {
        let mut samples = measure.units(network)?;
        let slowdown = slowdown(table, &samples).unwrap_or(level.ratio);
        samples.retain(|sample| wanted.contains(&sample.unit));
        for sample in &mut samples {
            sample.latency = sample.latency.at_usual_speed(slowdown);
        }
        Ok(Visit { label: network.name.clone(), timing: Timing::InContext, samples })
    };
    let has_some = |network: &&&Network| network.units().any(|unit| wanted.contains(&unit));
    let visits = networks.iter().filter(has_some).map(visit);
    let visits = visits.collect::<Result<Vec<Visit>, PredictorError>>()?;
    let usual = table.settle_clock(measure);
    table.extend(
        journal::entries(&visits).into_iter().map(|entry| entry.at_usual_speed(1.0 / usual)),
    );
    Ok(())
}

/// The slowdown of the device since `table` was measured: the median ratio over the samples of
/// units that the table has. `None` if it lacks more than half of the units.
fn slowdown(table: &Table, samples: &[Sample]) -> Option<f64> {
    let known = samples
        .iter()
        .filter_map(|sample| Some(sample.latency.p50_ms / table.get(&sample.unit)?.latency.p50_ms));
    let mut known: Vec<f64> = known.collect();
    match 2 * known.len() < samples.len() {
        true => None,
        false => median(&mut known),
    }
}

/// Number of blocks that tell how fast the device is relative to the table.
const MIN_COMMON: usize = 8;

impl Table {
    /// The median ratio of these entries to those that the table has of the same blocks. `None` if
    /// they have too few blocks in common.
    fn slowdown_of(&self, entries: &[Entry]) -> Option<f64> {
        let ratio =
            |entry: &Entry| Some(entry.latency.p50_ms / self.get(&entry.unit)?.latency.p50_ms);
        let mut ratios: Vec<f64> = entries.iter().filter_map(ratio).collect();
        if ratios.len() < MIN_COMMON {
            return None;
        }
        median(&mut ratios)
    }

    /// Fixes the clock at which the latencies of this table are, the usual one during its first
    /// measurements. Returns the factor that converts the latencies of `measure` to it.
    fn settle_clock(&mut self, measure: &mut dyn MeasureUnits) -> f64 {
        if self.probe.is_some() || !self.is_empty() {
            return 1.0;
        }
        let usual = measure.settle_clock();
        self.probe = measure.probe_level();
        usual
    }

    /// How fast the device is relative to the blocks that the table already has.
    fn level_of_new_blocks(&self, measure: &mut dyn MeasureUnits) -> Result<Level, PredictorError> {
        let level = self.read_level(None, &mut |network| measure.whole(network))?;
        Ok(level.unwrap_or(Level::BUILT))
    }
}

impl Entry {
    /// The entry at the speed of the table's other entries.
    fn at_usual_speed(self, slowdown: f64) -> Self {
        Self { latency: self.latency.at_usual_speed(slowdown), ..self }
    }
}
