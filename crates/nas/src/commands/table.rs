//! `nas table`: measuring blocks and printing latency tables.

use std::time::Instant;

use anyhow::Result;
use latency_predictor::{DeviceTable, Entry, Table};
use serde::Serialize;

use crate::args::{Global, TableBuildArgs, TableCommand, TableShowArgs};
use crate::exit::{Outcome, bad_input};
use crate::{interrupt, load, screen, tables};

#[derive(Serialize)]
struct BuiltTable {
    table: String,
    entries: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct ShownTable<'a> {
    table: String,
    entries: usize,
    setup: &'a latency_predictor::Setup,
    date: &'a str,
    units: Vec<&'a Entry>,
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
    device.table.forget(&space.units());
    // The probe is timed again, since the device may have become slower.
    device.table.probe_ms = None;
    interrupt::listen();
    tables::complete(global, &space, &mut device)?;
    let seconds = start.elapsed().as_secs_f64();
    let (table, entries) = (device.path.display().to_string(), device.table.len());
    if global.json {
        return screen::print_json(&BuiltTable { table, entries, seconds });
    }
    outln!("{table}: {} entries, {seconds:.1} s", screen::grouped(entries));
    Ok(())
}

fn show(global: &Global, args: &TableShowArgs) -> Result<()> {
    let DeviceTable { path, table } = tables::open(global, &args.table)?;
    if table.is_empty() {
        return Err(bad_input(
            path.display(),
            "no such latency table; nas table build measures one",
        ));
    }
    if global.json {
        return screen::print_json(&ShownTable {
            table: path.display().to_string(),
            entries: table.len(),
            setup: &table.setup,
            date: &table.date,
            units: table.entries(),
        });
    }
    print_header(&path.display().to_string(), &table);
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
    outln!("{}", screen::table(&header, &["block"], rows.collect()));
    Ok(())
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
    for (name, value) in rows {
        outln!("{name:<18}{value}");
    }
    outln!();
}
