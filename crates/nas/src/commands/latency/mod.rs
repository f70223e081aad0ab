//! `nas latency`: prediction and measurement of single networks.

mod genotypes;

use anyhow::Result;
use latency_predictor::{
    Coverage, DeviceTable, Level, Measured, Quantiles, Runs, Table, Validation,
};
use search_space::{AllRuns, Network, Statistic};
use serde::Serialize;

use crate::args::{Global, LatencyArgs};
use crate::exit::{Outcome, bad_input};
use crate::memory::Copies;
use crate::{load, screen, tables, validated};

/// Number of undisturbed runs without `--runs`.
const UNDISTURBED_RUNS: usize = 100;

#[derive(Serialize)]
struct Block {
    block: String,
    p50_ms: f64,
    /// Whether the latency is interpolated between measured widths.
    interpolated: bool,
}

#[derive(Serialize)]
struct Latency {
    name: String,
    predicted_ms: f64,
    /// What its weights cost beyond the sum of its blocks, which is part of `predicted_ms`.
    cold_ms: f64,
    /// How fast the device is relative to the build of the table; the blocks are at the level of the
    /// build.
    level: Level,
    coverage: Coverage,
    /// The standard error that comes from interpolation, as a share of `predicted_ms`.
    interpolation_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Measured>,
    /// How well predictions of the table matched measurements, with networks of the same space if it
    /// is one of a space.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Validation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<Block>,
}

pub(crate) fn run(global: &Global, args: &LatencyArgs) -> Result<Outcome> {
    match (&args.net, &args.genotypes) {
        (_, Some(file)) => genotypes::run(global, args, file)?,
        (Some(net), None) => one(global, args, net)?,
        (None, None) => return Err(bad_input("NET", "found nothing; expected: a network")),
    }
    Ok(Outcome::Done)
}

fn one(global: &Global, args: &LatencyArgs, net: &str) -> Result<()> {
    let network = load::runnable(net, Copies::Measured)?;
    let mut device = tables::open(global, &args.table)?;
    tables::check_level(global, &device, &args.level)?;
    tables::warn_of_disturbed(&device, None);
    let prediction = tables::predict(global, &mut device, &network, args.missing.into())?;
    let level = tables::level(global, &device, &args.level, None)?;
    let measured = match args.measure {
        false => None,
        true => {
            let measured = tables::measure(global, &device, &network, runs(args))?;
            tables::warn_of_busy([(network.name.as_str(), measured)]);
            Some(measured)
        }
    };
    let blocks = if args.per_block { blocks(&network, &device.table) } else { Vec::new() };
    let latency = Latency {
        name: network.name.clone(),
        predicted_ms: level.ratio * prediction.ms,
        cold_ms: level.ratio * prediction.cold_ms,
        level,
        coverage: prediction.coverage,
        interpolation_error: prediction.interpolation_error,
        measured,
        validation: validation(&device.table, &network).cloned(),
        blocks,
    };
    if global.json {
        return screen::print_json(&latency);
    }
    let is_of_here = tables::is_of_here(global, &device)?;
    let validated = match &latency.validation {
        _ if !is_of_here => "the table is of another device or setup".to_owned(),
        Some(validation) => validated::words(&device.table, validation),
        None => {
            let space = latency.name.split_once(':').map(|(space, _)| space);
            validated::not_yet(&device.path, &device.table.setup, space)
        }
    };
    print(&latency, &device, &validated, args);
    Ok(())
}

fn runs(args: &LatencyArgs) -> Runs {
    let exactly = args.runs.map(|runs| Runs::Exactly(runs.get()));
    exactly.unwrap_or(Runs::Undisturbed(UNDISTURBED_RUNS))
}

/// The validation with networks of the space of a network that is named `SPACE:GENOTYPE`, and the
/// latest one for other networks.
fn validation<'t>(table: &'t Table, network: &Network) -> Option<&'t Validation> {
    match network.name.split_once(':') {
        Some((space, _)) => table.validation(space),
        None => table.validations.last(),
    }
}

/// The latencies of the blocks in order, and of the head.
fn blocks(network: &Network, table: &Table) -> Vec<Block> {
    let block = |unit: search_space::PlacedUnit| {
        let interpolated = table.get_interpolated(&unit).is_some();
        Some(Block { block: unit.to_string(), p50_ms: table.p50_ms(&unit)?, interpolated })
    };
    network.units().filter_map(block).collect()
}

fn print(latency: &Latency, device: &DeviceTable, validated: &str, args: &LatencyArgs) {
    let Coverage { exact, interpolated, measured_now } = latency.coverage;
    outln!("network    {}", latency.name);
    outln!(
        "predicted  {:.3} ms, sum of its blocks: {:.0} % from the table, {:.0} % measured now",
        latency.predicted_ms,
        exact * 100.0,
        measured_now * 100.0
    );
    if latency.cold_ms != 0.0 {
        let caches = if latency.cold_ms < 0.0 { "nearer" } else { "farther" };
        outln!(
            "           and {:+.3} ms, as its weights come from {caches} caches",
            latency.cold_ms
        );
    }
    outln!("level      {:+.1} % since the build", (latency.level.ratio - 1.0) * 100.0);
    if interpolated > 0.0 {
        outln!(
            "           {:.0} % interpolated between measured widths, error {:.1} % of the sum",
            interpolated * 100.0,
            latency.interpolation_error * 100.0
        );
    }
    if let Some(measured) = &latency.measured {
        print_measured(latency.predicted_ms, measured, args);
    }
    outln!("validation {}", validated.replace('\n', "\n           "));
    outln!("table      {}", device.path.display());
    if latency.blocks.is_empty() {
        return;
    }
    let rows = latency.blocks.iter().map(|Block { block, p50_ms, interpolated }| {
        let p50_ms = p50_ms * latency.level.ratio;
        let share = p50_ms / latency.predicted_ms * 100.0;
        let mark = if *interpolated { "~" } else { "" };
        vec![block.clone(), format!("{mark}{:.1}", p50_ms * 1e3), format!("{share:.1} %")]
    });
    outln!("\n{}", screen::table(&["block", "p50 (us)", "share"], &["block"], rows.collect()));
    if interpolated > 0.0 {
        outln!("~ interpolated between measured widths");
    }
}

fn print_measured(predicted_ms: f64, measured: &Measured, args: &LatencyArgs) {
    let Measured { latency: quantiles, runs, all, left_out_share, steal, .. } = measured;
    let Quantiles { p10_ms, p50_ms, p90_ms } = quantiles;
    let AllRuns { p50_ms: all_ms, p95_ms, runs: all_runs } = all;
    let (runs, all_runs) = (screen::grouped(runs), screen::grouped(all_runs));
    let statistic = args.statistic.map(Statistic::from).unwrap_or_default();
    match args.runs {
        Some(_) => outln!(
            "measured   {p50_ms:.3} ms: p50 of {runs} runs, disturbed or not\n           \
             p10 {p10_ms:.3}, p90 {p90_ms:.3}, p95 {p95_ms:.3} ms"
        ),
        None => outln!(
            "measured   {p50_ms:.3} ms: p50 of {runs} undisturbed runs (p10 {p10_ms:.3}, p90 \
             {p90_ms:.3})\n           {all_ms:.3} ms: p50 of all runs (p95 {p95_ms:.3})\n           \
             {:.0} % of all {all_runs} runs were slowed by other work",
            100.0 * left_out_share
        ),
    }
    let compared_ms = match statistic {
        Statistic::Undisturbed => p50_ms,
        Statistic::All => all_ms,
    };
    let off = (predicted_ms / compared_ms - 1.0) * 100.0;
    let of = if args.runs.is_some() { "measured p50" } else { statistic.words() };
    outln!("           the prediction is {:.1} % {} for the {of}", off.abs(), side(off));
    if let Some(steal) = steal.filter(|&steal| steal > 0.01) {
        let percent = steal * 100.0;
        outln!("           the hypervisor gave {percent:.0} % of the time to other machines");
    }
}

fn side(off: f64) -> &'static str {
    if off < 0.0 { "too low" } else { "too high" }
}
