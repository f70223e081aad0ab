//! Latency tables: where they are, and measuring the blocks that they lack.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use controller::Warning;
use latency_predictor::{
    Built, DeviceTable, Disturbance, FileError, ForeignTable, Level, Measured, MeasuredWidths,
    MeasuringLock, MissingUnits, Prediction, PredictorError, Runs, Runtime, Setup, Table,
};
use search_space::{Network, PlacedUnit, SearchSpace, published};

use crate::args::{Global, LevelArg, LevelChoice, TableChoice};
use crate::exit::bad_input;
use crate::progress::{Progress, note};
use crate::shell::{quoted, quoted_path};
use crate::{interrupt, output_folder, screen};

const WAITING: &str = "waiting until another nas process has finished measuring";

/// The table that the user names, or this device's table in the cache, which may be new.
pub(crate) fn open(global: &Global, choice: &TableChoice) -> Result<DeviceTable> {
    let setup = setup(global)?;
    let foreign = if choice.allow_foreign { ForeignTable::Allow } else { ForeignTable::Refuse };
    open_at(path_of(choice.table.as_deref(), &setup)?, &setup, foreign)
}

fn path_of(table: Option<&Path>, setup: &Setup) -> Result<PathBuf> {
    match table {
        Some(path) if !path.exists() => Err(no_such_table(path)),
        Some(path) => Ok(path.to_path_buf()),
        None => Ok(DeviceTable::default_path(setup)?),
    }
}

/// The error of a table that is not there.
pub(crate) fn no_such_table(path: &Path) -> anyhow::Error {
    bad_input(path.display(), "no such latency table; nas table build --out creates one")
}

/// The table that the user names, or this device's table in the cache, whose predictions are to be
/// compared with measurements on this device.
pub(crate) fn open_to_validate(global: &Global, table: Option<&Path>) -> Result<DeviceTable> {
    let setup = setup(global)?;
    let device = open_at(path_of(table, &setup)?, &setup, ForeignTable::Allow)?;
    if device.table.is_empty() {
        return Err(bad_input(
            device.path.display(),
            "no such latency table; nas table build measures one",
        ));
    }
    device.table.check_setup(&setup).map_err(|error| {
        let only = "a table is validated only where it was measured";
        bad_input("table", format!("{}: {error}; {only}", device.path.display()))
    })?;
    if !device.table.has_usable_anchors() {
        let error = match device.lacks_anchors() {
            true => PredictorError::NoAnchors { path: device.path }.to_string(),
            false => format!(
                "{}: found no anchor whose blocks the table has; expected: one at least",
                device.path.display()
            ),
        };
        let hint = "measure the table again with nas table build";
        return Err(bad_input("table", format!("{error}; {hint}")));
    }
    check_writable(&device)?;
    Ok(device)
}

/// The table at `out`, or this device's table in the cache, to be measured on this device.
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
        PredictorError::File(FileError::Io { path, source }) => no_access(&path, &source),
        // The messages name the file.
        PredictorError::ForeignTable { .. } => {
            let hint = "measure one here with nas table build, or pass --allow-foreign";
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

/// The error for a table that cannot be read or written.
fn no_access(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let elsewhere = "nas table build --out T measures a table elsewhere, and --table T uses it";
    bad_input(path.display(), format!("{error}; {elsewhere}"))
}

/// Checks that a table can be saved, before minutes are spent on measuring it.
fn check_writable(device: &DeviceTable) -> Result<()> {
    let folder = device.path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    output_folder::is_writable(folder).map_err(|error| no_access(&device.path, &error))
}

/// The lock that measuring needs. Prints a note while another process holds it.
pub(crate) fn lock(global: &Global) -> Result<MeasuringLock> {
    Ok(MeasuringLock::acquire(|| note(global, WAITING))?)
}

/// Measures the blocks of `space` that the table lacks, interpolates those that `widths` leaves out,
/// and saves the table.
pub(crate) fn complete(
    global: &Global,
    space: &SearchSpace,
    widths: MeasuredWidths,
    device: &mut DeviceTable,
) -> Result<()> {
    if device.is_complete(space) {
        return Ok(());
    }
    check_writable(device)?;
    let lock = lock(global)?;
    let mut bar = Progress::start(global, "measuring blocks");
    let built = device.build(&lock, space, widths, &mut |at| {
        bar.at(at.done, at.total, &format!("networks of {}", space.name));
        interrupt::check()
    });
    bar.end();
    match built? {
        Built::Complete => {
            let units = space.units();
            let total = screen::grouped(units.len());
            note(global, &format!("{total} blocks are in {}", device.path.display()));
            if let Some(words) = interpolation_words(&device.table, &units) {
                note(global, &words);
            }
            Ok(())
        }
        Built::Stopped => bail!("stopped; the same command continues the measurements"),
    }
}

/// The level of predictions from a table: how fast this device is relative to the build of the blocks
/// of a space, if one is named. That of a table of another device is not known, so it is that of the build.
pub(crate) fn level(
    global: &Global,
    device: &DeviceTable,
    choice: &LevelChoice,
    space: Option<&str>,
) -> Result<Level> {
    if !has_level_of_now(global, device, choice)? {
        return Ok(Level::BUILT);
    }
    let lock = lock(global)?;
    let bar = Progress::start(global, "measuring anchors");
    let level = device.read_level(&lock, space);
    bar.end();
    let level = level?;
    if level.is_of_a_busy_machine() {
        screen::warn(&Warning::BusyLevel { slowdown: level.ratio });
    }
    Ok(level)
}

/// Checks that the level of predictions will be known, before anything is measured or written.
pub(crate) fn check_level(
    global: &Global,
    device: &DeviceTable,
    choice: &LevelChoice,
) -> Result<()> {
    if has_level_of_now(global, device, choice)? && device.lacks_anchors() {
        let error = PredictorError::NoAnchors { path: device.path.clone() };
        let hint = "measure the table again with nas table build, or pass --level built";
        return Err(bad_input("table", format!("{error}; {hint}")));
    }
    Ok(())
}

/// Whether latencies are predicted at the speed of this device now.
fn has_level_of_now(global: &Global, device: &DeviceTable, choice: &LevelChoice) -> Result<bool> {
    Ok(choice.level != Some(LevelArg::Built) && is_of_here(global, device)?)
}

/// Whether a table is of this device, runtime and number of threads.
pub(crate) fn is_of_here(global: &Global, device: &DeviceTable) -> Result<bool> {
    Ok(device.table.check_setup(&setup(global)?).is_ok())
}

/// How long the same work takes now relative to the build, such as `3.1 % slower than ...`.
pub(crate) fn level_words(level: Level) -> String {
    let percent = (level.ratio - 1.0) * 100.0;
    let than = "than when its blocks were measured";
    match percent {
        0.0 => "taken to be that of when its blocks were measured".to_owned(),
        0.0.. => format!("{percent:.1} % slower {than}"),
        _ => format!("{:.1} % faster {than}", -percent),
    }
}

/// How many of these blocks are interpolated, and how well. `None` if none is.
pub(crate) fn interpolation_words(table: &Table, units: &[PlacedUnit]) -> Option<String> {
    let count = units.iter().filter(|unit| table.get_interpolated(unit).is_some()).count();
    let error = table.interpolation_error(units).filter(|_| count > 0)?;
    let (count, total) = (screen::grouped(count), screen::grouped(units.len()));
    Some(format!(
        "{count} of {total} blocks are interpolated between measured widths\n\
         (error of measured blocks, each predicted from the others: {:.1} %)",
        100.0 * error
    ))
}

/// Measures a whole network with the setup of the table.
pub(crate) fn measure(
    global: &Global,
    device: &DeviceTable,
    network: &Network,
    runs: Runs,
) -> Result<Measured> {
    Ok(device.measure(&lock(global)?, network, global.measured_threads(), runs)?)
}

/// Warns of networks that were measured while other work slowed the machine down.
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

/// A search space as the user named it.
#[derive(Clone, Copy)]
pub(crate) struct NamedSpace<'a> {
    pub(crate) name: &'a str,
    /// Its name or file on the command line.
    pub(crate) argument: &'a str,
}

/// Warns of builds that other work disturbed, with the command that repeats each of them: those of
/// this space if there are any, or of all.
pub(crate) fn warn_of_disturbed(device: &DeviceTable, space: Option<NamedSpace<'_>>) {
    for build in device.table.disturbed_builds(space.map(|space| space.name)) {
        let name = &build.space;
        let argument = match space.filter(|space| space.name == name) {
            Some(space) => space.argument,
            None if published::space_names().any(|known| known == name) => name,
            None => "FILE",
        };
        let command = build_command(device, argument);
        screen::warn(&Warning::DisturbedTable {
            blocks: format!("the blocks of {name}"),
            signs: build.disturbances().iter().map(Disturbance::to_string).collect(),
            advice: format!("repeat on a quiet machine:\n  {command}"),
        });
    }
}

/// The command that measures the blocks of a space into this table again.
fn build_command(device: &DeviceTable, space: &str) -> String {
    let setup = &device.table.setup;
    let mut command = format!("nas table build --space {}", quoted(space));
    if !DeviceTable::default_path(setup).is_ok_and(|path| path == device.path) {
        command += &format!(" --out {}", quoted_path(&device.path));
    }
    match setup.threads {
        1 => command,
        threads => format!("{command} --threads {threads}"),
    }
}

/// Predicts the latency of a network. Blocks that the table lacks are interpolated, if `missing`
/// allows it, or measured, added and saved.
pub(crate) fn predict(
    global: &Global,
    device: &mut DeviceTable,
    network: &Network,
    missing: MissingUnits,
) -> Result<Prediction> {
    if device.must_measure(network, missing) {
        check_writable(device)?;
    }
    let prediction = device.predict(network, missing, || {
        note(global, &format!("measuring blocks of {} that the table lacks", network.name));
        MeasuringLock::acquire(|| note(global, WAITING))
    })?;
    let conditions = prediction.conditions.as_ref();
    let signs: Vec<String> = conditions
        .map(|conditions| conditions.disturbances().iter().map(Disturbance::to_string).collect())
        .unwrap_or_default();
    if !signs.is_empty() {
        let blocks = format!("blocks of {}", network.name);
        let advice = "nas table build\nmeasures the blocks of a space again".to_owned();
        screen::warn(&Warning::DisturbedTable { blocks, signs, advice });
    }
    Ok(prediction)
}
