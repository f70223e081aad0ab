//! `nas table`: measuring blocks, printing, validating and comparing latency tables.

mod diff;
mod show;
mod validate;
mod violations;

use std::time::Instant;

use anyhow::Result;
use latency_predictor::Conditions;
use search_space::PlacedUnit;
use serde::Serialize;

use crate::args::{Global, TableBuildArgs, TableCommand};
use crate::exit::Outcome;
use crate::tables::NamedSpace;
use crate::{interrupt, load, screen, tables};

#[derive(Serialize)]
struct BuiltTable {
    table: String,
    entries: usize,
    /// Number of blocks of the space that are interpolated between measured widths.
    interpolated: usize,
    /// The error of that: measured blocks, each predicted from the others, as a root mean square.
    #[serde(skip_serializing_if = "Option::is_none")]
    interpolation_error: Option<f64>,
    seconds: f64,
    /// Whether other work disturbed the build, so that it should be repeated.
    disturbed: bool,
    conditions: Option<Conditions>,
    /// Number of pairs of blocks of the space of which the larger one is faster.
    monotonicity_violations: usize,
}

pub(crate) fn run(global: &Global, command: &TableCommand) -> Result<Outcome> {
    match command {
        TableCommand::Build(args) => build(global, args)?,
        TableCommand::Show(args) => show::run(global, args)?,
        TableCommand::Validate(args) => validate::run(global, args)?,
        TableCommand::Diff(args) => diff::run(global, args)?,
    }
    Ok(Outcome::Done)
}

fn build(global: &Global, args: &TableBuildArgs) -> Result<()> {
    let start = Instant::now();
    let space = load::space(&args.space)?;
    let mut device = tables::open_to_build(global, args.out.as_deref())?;
    // The probe is timed again as well, since the device may have become slower.
    device.forget(&space);
    interrupt::listen();
    tables::complete(global, &space, args.widths.into(), &mut device)?;
    let units = space.units();
    let is_interpolated = |unit: &&PlacedUnit| device.table.get_interpolated(unit).is_some();
    let interpolated = units.iter().filter(is_interpolated).count();
    let error = device.table.interpolation_error(&units);
    let interpolation_error = error.filter(|_| interpolated > 0);
    let violations = violations::of_space(&device.table, &units);
    let seconds = start.elapsed().as_secs_f64();
    let (table, entries) = (device.path.display().to_string(), device.table.len());
    let build = device.table.builds.iter().rev().find(|build| build.space == space.name);
    if global.json {
        let disturbed = build.is_some_and(|build| !build.disturbances().is_empty());
        let conditions = build.map(|build| build.conditions.clone());
        screen::print_json(&BuiltTable {
            table,
            entries,
            interpolated,
            interpolation_error,
            seconds,
            disturbed,
            conditions,
            monotonicity_violations: violations.len(),
        })?;
    } else {
        outln!("{}", violations::count(violations.len()));
        outln!("{table}: {} entries, {seconds:.1} s", screen::grouped(entries));
    }
    let space = NamedSpace { name: &space.name, argument: &args.space };
    tables::warn_of_disturbed(&device, Some(space));
    Ok(())
}
