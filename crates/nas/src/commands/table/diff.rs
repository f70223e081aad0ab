//! `nas table diff`: the difference between two latency tables.

use std::path::Path;

use anyhow::Result;
use latency_predictor::{BlockDiff, Quantiles, Table, TableDiff};
use serde::Serialize;

use crate::args::{Global, TableDiffArgs};
use crate::exit::{bad_input, refused};
use crate::{load, screen, tables};

/// Number of blocks that are listed.
const LISTED: usize = 10;

#[derive(Serialize)]
struct Report {
    first: String,
    second: String,
    #[serde(flatten)]
    diff: TableDiff,
}

pub(super) fn run(global: &Global, args: &TableDiffArgs) -> Result<()> {
    let space = args.space.as_deref().map(load::space).transpose()?;
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let [first_name, second_name] =
        [&args.first, &args.second].map(|path| path.display().to_string());
    let diff = first.diff(&second, space.as_ref(), global.seed).map_err(|error| {
        let of = space.as_ref().map_or(String::new(), |space| format!(" (space {})", space.name));
        bad_input(format!("{first_name}, {second_name}{of}"), error)
    })?;
    if global.json {
        return screen::print_json(&Report { first: first_name, second: second_name, diff });
    }
    for (letter, name, table) in [("A", first_name, &first), ("B", second_name, &second)] {
        outln!("{letter:<12}{name}");
        outln!("{:12}{}, {}", "", table.setup.words(), table.date);
    }
    print(&diff);
    Ok(())
}

fn read(path: &Path) -> Result<Table> {
    Table::load(path).map_err(refused)?.ok_or_else(|| tables::no_such_table(path))
}

fn print(diff: &TableDiff) {
    let TableDiff { common, level_ratio, spearman_of_blocks, networks, blocks } = diff;
    outln!("\nblocks      {} that were measured for both", screen::grouped(common));
    let percent = 100.0 * (level_ratio - 1.0);
    outln!("level       B is {percent:+.1} % above A, the median over these blocks");
    outln!("Spearman    {} of their latencies", correlation(*spearman_of_blocks));
    if let Some(networks) = networks {
        let (spearman, count) = (correlation(networks.spearman), screen::grouped(networks.count));
        match networks.count {
            0 => outln!("            no random network can be predicted from both"),
            _ => outln!("            {spearman} of predictions for {count} random networks"),
        }
    }
    outln!("\nThe blocks that differ most once the level is taken out:\n");
    let rows = blocks.iter().take(LISTED).map(|BlockDiff { unit, first, second, ratio }| {
        let us = |latency: &Quantiles| format!("{:.1}", 1e3 * latency.p50_ms);
        let spread = |latency: &Quantiles| {
            format!("{:.1}", 100.0 * (latency.p90_ms - latency.p10_ms) / latency.p50_ms)
        };
        vec![
            unit.to_string(),
            us(first),
            format!("{:+.1}", 100.0 * (ratio - 1.0)),
            spread(first),
            spread(second),
        ]
    });
    let header = ["block", "A (us)", "B/A (%)", "spread A", "B (%)"];
    outln!("{}", screen::table(&header, &["block"], rows.collect()));
    outln!("spread: from p10 to p90 of the runs, as a share of the p50");
}

/// A rank correlation, which few or equal latencies do not have.
pub(super) fn correlation(spearman: Option<f64>) -> String {
    spearman.map_or_else(|| "unknown".to_owned(), |spearman| format!("{spearman:.4}"))
}
