//! Latency tables of the command line: where they are, and measuring what they lack.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use controller::Warning;
use latency_predictor::{
    Built, DeviceTable, FileError, ForeignTable, Measured, MeasuringLock, Prediction,
    PredictorError, Runs, Runtime, Setup,
};
use search_space::{Network, SearchSpace};

use crate::args::{Global, TableChoice};
use crate::exit::bad_input;
use crate::progress::{Progress, note};
use crate::{interrupt, screen};

/// The table that was asked for, or this device's in the cache; a new one where there is none.
pub(crate) fn open(global: &Global, choice: &TableChoice) -> Result<DeviceTable> {
    let setup = setup(global)?;
    let path = match &choice.table {
        Some(path) if !path.exists() => {
            let message = "there is no such table; nas table build --out creates one";
            return Err(bad_input(path.display(), message));
        }
        Some(path) => path.clone(),
        None => DeviceTable::default_path(&setup)?,
    };
    let foreign = match choice.allow_foreign {
        true => ForeignTable::Allow,
        false => ForeignTable::Refuse,
    };
    open_at(path, &setup, foreign)
}

/// The file at `out`, or this device's in the cache; to be measured here.
pub(crate) fn open_to_build(global: &Global, out: Option<&Path>) -> Result<DeviceTable> {
    let setup = setup(global)?;
    let path = match out {
        Some(out) => out.to_path_buf(),
        None => DeviceTable::default_path(&setup)?,
    };
    open_at(path, &setup, ForeignTable::Refuse)
}

fn open_at(path: PathBuf, setup: &Setup, foreign: ForeignTable) -> Result<DeviceTable> {
    DeviceTable::open(path, setup, foreign).map_err(|error| match error {
        PredictorError::File(FileError::Io { .. }) => error.into(),
        // The messages start with the path.
        PredictorError::ForeignTable { .. } => {
            let hint = "measure one here with nas table build, or use --allow-foreign";
            bad_input("table", format!("{error}; {hint}"))
        }
        error => bad_input("table", error),
    })
}

fn setup(global: &Global) -> Result<Setup> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = global.measured_threads();
    if !(1..=cpus).contains(&threads) {
        let message = format!("found {threads}; expected: 1 to {cpus}, the cores of this machine");
        return Err(bad_input("--threads", message));
    }
    Ok(Setup::here(Runtime::Native, threads))
}

/// The lock that measuring needs; says so when another process has it.
pub(crate) fn lock(global: &Global) -> Result<MeasuringLock> {
    let wait = || note(global, "waiting until another nas has finished measuring");
    Ok(MeasuringLock::acquire(wait)?)
}

/// Measures the blocks of `space` that the table lacks and saves it.
pub(crate) fn complete(
    global: &Global,
    space: &SearchSpace,
    device: &mut DeviceTable,
) -> Result<()> {
    if device.has_all(space.units()) {
        return Ok(());
    }
    let lock = lock(global)?;
    let mut bar = Progress::start(global, "measuring blocks");
    let built = device.build(&lock, space, &mut |at| {
        bar.at(at.done, at.total, &format!("networks of {}", space.name));
        interrupt::check()
    });
    bar.end();
    match built? {
        Built::Complete => {
            let units = screen::grouped(space.units().len());
            note(global, &format!("measured {units} blocks into {}", device.path.display()));
            Ok(())
        }
        Built::Stopped => bail!("stopped; the same command continues with what was measured"),
    }
}

/// Measures a whole network on the table's setup.
pub(crate) fn measure(
    global: &Global,
    device: &DeviceTable,
    network: &Network,
    runs: Runs,
) -> Result<Measured> {
    Ok(device.measure(&lock(global)?, network, global.measured_threads(), runs)?)
}

/// Warns of networks that were measured while other work slowed the machine.
pub(crate) fn warn_of_busy<'a>(measured: impl IntoIterator<Item = (&'a str, Measured)>) {
    let busy = measured.into_iter().filter(|(_, measured)| measured.is_of_a_busy_machine());
    let (mut networks, mut slowdown) = (Vec::new(), 1.0_f64);
    for (name, measured) in busy {
        networks.push(name.to_owned());
        slowdown = slowdown.max(measured.slowdown);
    }
    if !networks.is_empty() {
        screen::warn(&Warning::BusyMachine { networks, slowdown });
    }
}

/// Prediction of one network; measures, adds and saves what the table lacks.
pub(crate) fn predict(
    global: &Global,
    device: &mut DeviceTable,
    network: &Network,
) -> Result<Prediction> {
    Ok(device.predict(network, || {
        note(global, &format!("measuring blocks of {} that the table lacks", network.name));
        MeasuringLock::acquire(|| note(global, "waiting until another nas has finished measuring"))
    })?)
}
