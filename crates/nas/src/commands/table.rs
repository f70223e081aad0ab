//! `nas table`: measuring blocks and printing latency tables.

use std::time::Instant;

use anyhow::Result;
use latency_predictor::{BuildRecord, Conditions, DeviceTable, Entry, Interpolated, Table};
use search_space::{PlacedUnit, UnitPart, unit_legend};
use serde::Serialize;

use crate::args::{Global, TableBuildArgs, TableCommand, TableShowArgs};
use crate::exit::{Outcome, bad_input};
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
}

#[derive(Serialize)]
struct ShownTable<'a> {
    table: String,
    entries: usize,
    setup: &'a latency_predictor::Setup,
    date: &'a str,
    /// The builds with the conditions of their measurements; empty if those are unknown.
    builds: &'a [BuildRecord],
    units: Vec<&'a Entry>,
    /// Latencies that are interpolated between measured widths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interpolated: Vec<&'a Interpolated>,
}

pub(crate) fn run(global: &Global, command: &TableCommand) -> Result<Outcome> {
    match command {
        TableCommand::Build(args) => build(global, args)?,
        TableCommand::Show(args) => show(global, args)?,
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
        })?;
    } else {
        outln!("{table}: {} entries, {seconds:.1} s", screen::grouped(entries));
    }
    let space = NamedSpace { name: &space.name, argument: &args.space };
    tables::warn_of_disturbed(&device, Some(space));
    Ok(())
}

fn show(global: &Global, args: &TableShowArgs) -> Result<()> {
    let device = tables::open(global, &args.table)?;
    let DeviceTable { path, table, .. } = &device;
    if table.is_empty() {
        return Err(bad_input(
            path.display(),
            "no such latency table; nas table build measures one",
        ));
    }
    if global.json {
        screen::print_json(&ShownTable {
            table: path.display().to_string(),
            entries: table.len(),
            setup: &table.setup,
            date: &table.date,
            builds: &table.builds,
            units: table.entries(),
            interpolated: table.interpolated(),
        })?;
        tables::warn_of_disturbed(&device, None);
        return Ok(());
    }
    print_header(&path.display().to_string(), table);
    let rows = table.entries().into_iter().map(|entry| {
        let us = |ms: f64| format!("{:.1}", ms * 1e3);
        let latency = entry.latency;
        vec![
            entry.unit.to_string(),
            us(latency.p10_ms),
            us(latency.p50_ms),
            us(latency.p90_ms),
            screen::grouped(entry.runs),
            entry.networks.to_string(),
        ]
    });
    let header = ["block", "p10 (us)", "p50 (us)", "p90 (us)", "runs", "networks"];
    outln!("{}\n", screen::table(&header, &["block"], rows.collect()));
    print_interpolated(table);
    outln!("Parts of the blocks' names, where N is a number:");
    let measured = table.entries().into_iter().map(|entry| entry.unit);
    let units = measured.chain(table.interpolated().into_iter().map(|one| one.unit));
    for UnitPart { part, meaning } in unit_legend(units) {
        outln!("{part:<9}{meaning}");
    }
    tables::warn_of_disturbed(&device, None);
    Ok(())
}

fn print_interpolated(table: &Table) {
    let rows = table.interpolated().into_iter().map(|one| {
        let error = format!("{:.1} %", 100.0 * one.error);
        vec![one.unit.to_string(), format!("{:.1}", 1e3 * one.p50_ms), error]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let header = ["interpolated block", "p50 (us)", "error"];
    outln!("{}\n", screen::table(&header, &["interpolated block"], rows));
}

fn print_header(path: &str, table: &Table) {
    let setup = &table.setup;
    let threads = setup.threads;
    let rows = [
        ("table", path.to_owned()),
        ("device", setup.device.identity()),
        ("system", setup.device.os.clone()),
        ("runtime", format!("{} {}", setup.runtime.name(), setup.runtime_version)),
        ("threads", threads.to_string()),
        ("precision, batch", format!("{}, {}", setup.precision.name(), setup.batch)),
        ("measured", format!("{}, nas {}", table.date, table.tool_version)),
    ];
    let builds = table.builds.iter().map(|build| ("built", built(build)));
    let unknown = table.builds.is_empty().then(|| {
        let text = "unknown, as no whole space was built by this version of nas";
        ("other work", text.to_owned())
    });
    for (name, value) in rows.into_iter().chain(builds).chain(unknown) {
        outln!("{name:<18}{value}");
    }
    outln!();
}

/// A build with what is known of other work meanwhile.
fn built(build: &BuildRecord) -> String {
    let BuildRecord { space, date, conditions } = build;
    let left_out = conditions.left_out_share().map(|share| {
        format!("\n{:18}{:.0} % of its runs were slowed and are left out", "", 100.0 * share)
    });
    let busy = conditions.processor.and_then(|time| Some((time.busy_cpus()?, time.cpus)));
    let busy = busy.map(|(busy, cpus)| {
        format!("\n{:18}other programs kept {busy:.2} of {cpus} CPUs busy", "")
    });
    [Some(format!("{space}, {date}")), left_out, busy].into_iter().flatten().collect()
}
