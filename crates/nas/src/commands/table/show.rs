//! `nas table show`: a latency table with its provenance.

use anyhow::Result;
use latency_predictor::{
    BuildRecord, DeviceTable, Entry, Interpolated, Setup, Table, Validation, Violation,
};
use search_space::{UnitPart, unit_legend};
use serde::Serialize;

use super::violations;
use crate::args::{Global, TableShowArgs};
use crate::exit::bad_input;
use crate::{screen, tables, validated};

#[derive(Serialize)]
struct ShownTable<'a> {
    table: String,
    entries: usize,
    setup: &'a Setup,
    date: &'a str,
    /// The builds with the conditions of their measurements; empty if those are unknown.
    builds: &'a [BuildRecord],
    /// How well predictions matched measurements.
    validations: &'a [Validation],
    /// Pairs of blocks of which the larger one is faster.
    monotonicity_violations: Vec<Violation>,
    units: Vec<&'a Entry>,
    /// Latencies that are interpolated between measured widths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interpolated: Vec<&'a Interpolated>,
}

pub(super) fn run(global: &Global, args: &TableShowArgs) -> Result<()> {
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
            validations: &table.validations,
            monotonicity_violations: table.monotonicity_violations(),
            units: table.entries(),
            interpolated: table.interpolated(),
        })?;
        tables::warn_of_disturbed(&device, None);
        return Ok(());
    }
    print_header(&device);
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
    outln!("{}\n", violations::worst(&table.monotonicity_violations()));
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

fn print_header(device: &DeviceTable) {
    let DeviceTable { path, table, .. } = device;
    let setup = &table.setup;
    let threads = setup.threads;
    let rows = [
        ("table", path.display().to_string()),
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
    let validated = validated::all(device).into_iter();
    let validated =
        validated.map(|words| ("validation", words.replace('\n', &format!("\n{:18}", ""))));
    for (name, value) in rows.into_iter().chain(builds).chain(unknown).chain(validated) {
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
