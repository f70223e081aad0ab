//! `nas zoo`: the published networks and their latency on this CPU.

use std::cmp::Ordering;

use anyhow::{Result, bail};
use latency_predictor::Runs;
use search_space::{MeasuredLatency, published, published_accuracy};
use serde::Serialize;

use crate::args::{Global, TableChoice, ZooArgs};
use crate::exit::Outcome;
use crate::progress::Progress;
use crate::scatter::{self, Point};
use crate::{interrupt, load, screen, tables};

#[derive(Serialize)]
struct Row {
    name: String,
    params: usize,
    macs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredLatency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1_source: Option<&'static str>,
}

/// Number of undisturbed runs of each network.
const RUNS: usize = 20;

#[derive(Serialize)]
struct Zoo {
    networks: Vec<Row>,
}

pub(crate) fn run(global: &Global, args: &ZooArgs) -> Result<Outcome> {
    match &args.name {
        Some(name) => out!("{}", load::network(name)?.to_ron()),
        None => list(global, args.measure)?,
    }
    Ok(Outcome::Done)
}

fn list(global: &Global, measure: bool) -> Result<()> {
    let mut networks = published::network_names()
        .map(|name| {
            let cost = published::network(name)?.lower()?.cost();
            let (params, macs) = (cost.params, cost.macs);
            let name = name.to_owned();
            let (p50_ms, measured) = (None, None);
            Ok(Row { name, params, macs, p50_ms, measured, top1: None, top1_source: None })
        })
        .collect::<Result<Vec<Row>>>()?;
    if measure {
        measure_all(global, &mut networks)?;
    }
    if global.json {
        return screen::print_json(&Zoo { networks });
    }
    match measure {
        false => print_counts(&networks),
        true => print_measured(&networks),
    }
    Ok(())
}

/// Measures all networks on this CPU, adds published accuracies, and sorts by latency.
fn measure_all(global: &Global, networks: &mut [Row]) -> Result<()> {
    interrupt::listen();
    let open = tables::open(global, &TableChoice { table: None, allow_foreign: false })?;
    let total = networks.len();
    let mut all_measured = Vec::new();
    let mut bar = Progress::start(global, "measuring networks");
    for (done, row) in networks.iter_mut().enumerate() {
        bar.at(done, total, &row.name);
        if interrupt::check().is_break() {
            bail!("stopped");
        }
        let network = published::network(&row.name)?;
        let measured = tables::measure(global, &open, &network, Runs::Undisturbed(RUNS))?;
        row.p50_ms = Some(measured.latency.p50_ms);
        row.measured = Some(measured.latency());
        all_measured.push((row.name.clone(), measured));
        let accuracy = published_accuracy(&row.name);
        row.top1 = accuracy.map(|published| published.top1);
        row.top1_source = accuracy.map(|published| published.source);
    }
    bar.end();
    tables::warn_of_busy(all_measured.iter().map(|(name, measured)| (name.as_str(), *measured)));
    networks.sort_by(|a, b| a.p50_ms.partial_cmp(&b.p50_ms).unwrap_or(Ordering::Equal));
    Ok(())
}

fn print_counts(networks: &[Row]) {
    let cells =
        |row: &Row| vec![row.name.clone(), screen::grouped(row.params), screen::grouped(row.macs)];
    let rows = networks.iter().map(cells).collect();
    outln!("{}", screen::table(&["network", "parameters", "MACs"], &["network"], rows));
}

fn print_measured(networks: &[Row]) {
    let letters = || 'a'..='z';
    let cells = |(letter, row): (char, &Row)| {
        let runs = row.measured.and_then(|measured| measured.runs);
        let ms = |ms: Option<f64>| ms.map(|ms| format!("{ms:.2}")).unwrap_or_default();
        let percent = |share: Option<f64>| share.map(|share| format!("{:.0}", share * 100.0));
        vec![
            letter.to_string(),
            row.name.clone(),
            ms(row.p50_ms),
            ms(runs.map(|runs| runs.all.p50_ms)),
            ms(runs.map(|runs| runs.all.p95_ms)),
            percent(runs.map(|runs| runs.left_out_share)).unwrap_or_default(),
            row.top1.map(|top1| format!("{:.1}", top1 * 100.0)).unwrap_or_default(),
            row.top1_source.unwrap_or_default().to_owned(),
        ]
    };
    let header = ["", "network", "p50", "all p50", "all p95", "out %", "top-1 %", "published by"];
    let left = ["", "network", "published by"];
    outln!("{}", screen::table(&header, &left, letters().zip(networks).map(cells).collect()));
    outln!(
        "\nLatencies in ms: p50 of the undisturbed runs; p50 and p95 of all runs;\n\
         out: runs that other work slowed and that are left out of the first p50.\n"
    );
    let point =
        |(letter, row): (char, &Row)| Some(Point { letter, x: row.p50_ms?, y: row.top1? * 100.0 });
    let points: Vec<Point> = letters().zip(networks).filter_map(point).collect();
    outln!("{}", scatter::draw(&points, "ms, measured here", "published ImageNet top-1 (%)"));
}
