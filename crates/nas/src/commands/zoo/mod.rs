//! `nas zoo`: the published networks, with their published accuracies and their latency on this
//! CPU.

mod files;
mod list;

use std::cmp::Ordering;

use anyhow::{Result, bail};
use latency_predictor::Runs;
use search_space::{MeasuredLatency, PublishedAccuracy, published, published_accuracies};
use serde::Serialize;

use crate::args::{Global, TableChoice, ZooArgs};
use crate::exit::Outcome;
use crate::progress::Progress;
use crate::{interrupt, load, output_folder, screen, tables};

#[derive(Serialize)]
struct Row {
    name: String,
    params: usize,
    macs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredLatency>,
    /// The accuracy of the paper, or the first that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    top1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1_source: Option<&'static str>,
    /// All accuracies that are known.
    published: &'static [PublishedAccuracy],
}

/// Number of undisturbed runs of each network.
const RUNS: usize = 20;

#[derive(Serialize)]
struct Zoo {
    networks: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

pub(crate) fn run(global: &Global, args: &ZooArgs) -> Result<Outcome> {
    match &args.name {
        Some(name) => out!("{}", load::network(name)?.to_ron()),
        None => list(global, args)?,
    }
    Ok(Outcome::Done)
}

fn list(global: &Global, args: &ZooArgs) -> Result<()> {
    let mut networks = published::network_names().map(row).collect::<Result<Vec<Row>>>()?;
    if args.measure {
        if let Some(out) = &args.out {
            output_folder::prepare(out)?;
        }
        let device = measure_all(global, &mut networks)?;
        if let Some(out) = &args.out {
            files::write(&networks, &device, out)?;
        }
    }
    if global.json {
        let out = args.out.as_ref().map(|out| out.display().to_string());
        return screen::print_json(&Zoo { networks, out });
    }
    match args.measure {
        false => outln!("{}", list::counted(&networks)),
        true => outln!("{}", list::measured(&networks)),
    }
    if let Some(out) = &args.out {
        outln!("\nwritten to {}", out.display());
    }
    Ok(())
}

fn row(name: &'static str) -> Result<Row> {
    let cost = published::network(name)?.lower()?.cost();
    let published = published_accuracies(name);
    let first = published.first();
    Ok(Row {
        name: name.to_owned(),
        params: cost.params,
        macs: cost.macs,
        p50_ms: None,
        measured: None,
        top1: first.map(|accuracy| accuracy.top1),
        top1_source: first.map(|accuracy| accuracy.source),
        published,
    })
}

/// Measures all networks on this CPU and sorts them by latency. Returns the device in words.
fn measure_all(global: &Global, networks: &mut [Row]) -> Result<String> {
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
    }
    bar.end();
    tables::warn_of_busy(all_measured.iter().map(|(name, measured)| (name.as_str(), *measured)));
    networks.sort_by(|a, b| a.p50_ms.partial_cmp(&b.p50_ms).unwrap_or(Ordering::Equal));
    Ok(open.table.setup.words())
}
