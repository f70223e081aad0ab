//! Latency tables: where they are, and measuring what they lack.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use latency_predictor::{
    BuildSettings, Built, FileError, Measured, MeasuringLock, Meter, PredictorError, Runs, Runtime,
    Setup, Table, build, cache,
};
use search_space::{Network, SearchSpace};

use crate::args::{Global, TableChoice};
use crate::exit::bad_input;
use crate::progress::{Progress, note};
use crate::{interrupt, screen};

/// A table and its file.
pub(crate) struct OpenTable {
    pub(crate) path: PathBuf,
    pub(crate) table: Table,
}

/// The table that was asked for, or this device's in the cache; a new one where there is none.
pub(crate) fn open(global: &Global, choice: &TableChoice) -> Result<OpenTable> {
    let setup = setup(global)?;
    let path = match &choice.table {
        Some(path) if !path.exists() => {
            return Err(bad_input(
                path.display(),
                "no such table; nas table build --out makes one",
            ));
        }
        Some(path) => path.clone(),
        None => default_path(&setup)?,
    };
    let table = match load(&path)? {
        Some(table) if choice.allow_foreign => table,
        Some(table) => {
            let foreign = |error| {
                let hint = "measure one here with nas table build, or say --allow-foreign";
                bad_input(path.display(), format!("{error}; {hint}"))
            };
            table.check_setup(&setup).map_err(foreign)?;
            table
        }
        None => Table::new(setup, BuildSettings::default()),
    };
    Ok(OpenTable { path, table })
}

/// The file at `out`, or this device's in the cache; to be measured here.
pub(crate) fn open_to_build(global: &Global, out: Option<&Path>) -> Result<OpenTable> {
    let choice = TableChoice {
        table: out.filter(|out| out.exists()).map(Path::to_path_buf),
        allow_foreign: false,
    };
    let mut open = open(global, &choice)?;
    if let Some(out) = out.filter(|out| !out.exists()) {
        open.path = out.to_path_buf();
        open.table = Table::new(setup(global)?, BuildSettings::default());
    }
    Ok(open)
}

fn setup(global: &Global) -> Result<Setup> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = global.measured_threads();
    if !(1..=cpus).contains(&threads) {
        let message = format!("found {threads}; allowed: 1 to {cpus}, this machine's cores");
        return Err(bad_input("--threads", message));
    }
    Ok(Setup::here(Runtime::Native, threads))
}

fn default_path(setup: &Setup) -> Result<PathBuf> {
    let folder = cache::folder(|name| std::env::var_os(name))?;
    Ok(cache::table_path(&folder, setup))
}

fn load(path: &Path) -> Result<Option<Table>> {
    Table::load(path).map_err(|error| match error {
        FileError::Io { .. } => error.into(),
        // Its message starts with the path.
        error => bad_input("table", error),
    })
}

/// The lock that measuring needs; says so when another process has it.
pub(crate) fn lock(global: &Global) -> Result<MeasuringLock> {
    let wait = || note(global, "waiting for another nas that is measuring");
    Ok(MeasuringLock::acquire(wait)?)
}

/// Measures the blocks of `space` that the table lacks and saves it.
pub(crate) fn complete(global: &Global, space: &SearchSpace, open: &mut OpenTable) -> Result<()> {
    if space.units().iter().all(|unit| open.table.get(unit).is_some()) {
        return Ok(());
    }
    let lock = lock(global)?;
    let settings = BuildSettings::default();
    let threads = open.table.setup.threads;
    let mut meter = Meter::new(&lock, threads, open.table.probe_ms)?;
    let journal = cache::journal_path(&open.path, space);
    let mut bar = Progress::start(global, "measuring blocks");
    let mut progress = |at: latency_predictor::Progress<'_>| -> ControlFlow<()> {
        bar.at(at.done, at.total, &format!("networks of {}", space.name));
        interrupt::check()
    };
    let mut measure = |network: &Network| meter.blocks(network, settings.runs);
    let files = (open.path.as_path(), journal.as_path());
    let built = build(space, &mut open.table, files, settings, &mut measure, &mut progress);
    bar.end();
    match built? {
        Built::Complete => {
            open.table.probe_ms = Some(meter.fastest_probe_ms());
            open.table.save(&open.path)?;
            let units = screen::grouped(space.units().len());
            note(global, &format!("measured {units} blocks into {}", open.path.display()));
            Ok(())
        }
        Built::Stopped => bail!("stopped; the same command continues with what was measured"),
    }
}

/// Measures a whole network on the table's setup.
pub(crate) fn measure(
    global: &Global,
    open: &OpenTable,
    network: &Network,
    runs: Runs,
) -> Result<Measured> {
    let lock = lock(global)?;
    let mut meter = Meter::new(&lock, global.measured_threads(), open.table.probe_ms)?;
    Ok(meter.network(&network.lower()?, runs)?)
}

/// Says which of the measured networks have the latency of a busy machine.
pub(crate) fn warn_of_busy<'a>(measured: impl IntoIterator<Item = (&'a str, Measured)>) {
    let busy = measured.into_iter().filter(|(_, measured)| measured.is_of_a_busy_machine());
    let busy: Vec<(&str, f64)> = busy.map(|(name, measured)| (name, measured.slowdown)).collect();
    if busy.is_empty() {
        return;
    }
    let slowdown = busy.iter().map(|(_, slowdown)| *slowdown).fold(1.0, f64::max);
    let names: Vec<&str> = busy.iter().map(|(name, _)| *name).collect();
    eprintln!(
        "warning: while {} was measured, the machine was busy nearly all the time, and up to \
         {slowdown:.1} times slower than when it is not; end other work on it and measure again",
        names.join(", ")
    );
}

/// Prediction of one network; measures, adds and saves what the table lacks.
pub(crate) fn predict(
    global: &Global,
    open: &mut OpenTable,
    network: &Network,
) -> Result<latency_predictor::Prediction> {
    let complete = network.units().all(|unit| open.table.get(&unit).is_some());
    if complete {
        let mut never = |_: &Network| Ok(Vec::new());
        return Ok(open.table.predict_or_measure(network, &mut never)?);
    }
    note(global, &format!("measuring blocks of {} that the table lacks", network.name));
    let lock = lock(global)?;
    let settings = BuildSettings::default();
    let mut meter = Meter::new(&lock, open.table.setup.threads, open.table.probe_ms)?;
    let mut measure =
        |network: &Network| -> Result<_, PredictorError> { meter.blocks(network, settings.runs) };
    let prediction = open.table.predict_or_measure(network, &mut measure)?;
    open.table.probe_ms = Some(meter.fastest_probe_ms());
    open.table.save(&open.path)?;
    Ok(prediction)
}
