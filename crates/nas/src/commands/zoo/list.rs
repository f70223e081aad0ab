//! The lists on the screen.

use search_space::PublishedAccuracy;

use super::Row;
use crate::scatter::{self, Point};
use crate::screen;

/// Networks in a fixed order with their costs and published accuracies.
pub(super) fn counted(networks: &[Row]) -> String {
    let sources = sources(networks);
    let cells = |row: &Row| {
        let [top1, source] = published(row, &sources);
        let [params, macs] = [row.params, row.macs].map(screen::grouped);
        vec![row.name.clone(), params, macs, top1, source]
    };
    let header = ["network", "parameters", "MACs", "top-1 (%)", "source"];
    let rows = networks.iter().map(cells).collect();
    format!("{}\n\n{}", screen::table(&header, &["network"], rows), legend(networks, &sources))
}

/// Networks by latency, also as a plot of published accuracy against it.
pub(super) fn measured(networks: &[Row]) -> String {
    let letters = || 'a'..='z';
    let sources = sources(networks);
    let cells = |(letter, row): (char, &Row)| {
        let [top1, source] = published(row, &sources);
        let runs = row.measured.and_then(|measured| measured.runs);
        let ms = |ms: Option<f64>| ms.map(|ms| format!("{ms:.2}")).unwrap_or_default();
        let left_out = runs.map(|runs| format!("{:.0}", 100.0 * runs.left_out_share));
        vec![
            letter.to_string(),
            row.name.clone(),
            ms(row.p50_ms),
            ms(runs.map(|runs| runs.all.p50_ms)),
            ms(runs.map(|runs| runs.all.p95_ms)),
            left_out.unwrap_or_default(),
            top1,
            source,
        ]
    };
    let header = ["", "network", "p50", "all p50", "all p95", "out %", "top-1 %", "source"];
    let rows = letters().zip(networks).map(cells).collect();
    let table = screen::table(&header, &["", "network"], rows);
    let point =
        |(letter, row): (char, &Row)| Some(Point { letter, x: row.p50_ms?, y: row.top1? * 100.0 });
    let points: Vec<Point> = letters().zip(networks).filter_map(point).collect();
    let plot = scatter::draw(&points, "ms, measured here", "published ImageNet top-1 (%)");
    format!("{table}\n\n{LATENCIES}\n{}\n\n{plot}", legend(networks, &sources))
}

const LATENCIES: &str = "latencies in ms: p50 of the undisturbed runs; p50 and p95 of all runs;\n\
    out: runs that other work slowed and that are left out of the first p50";

/// The accuracy and the number of its source; `-` where none is known.
fn published(row: &Row, sources: &[&PublishedAccuracy]) -> [String; 2] {
    let Some(first) = row.published.first() else { return ["-".to_owned(), "-".to_owned()] };
    let number = sources.iter().position(|source| same_source(source, first));
    let number = number.map_or_else(String::new, |index| (index + 1).to_string());
    [format!("{:.1}", 100.0 * first.top1), number]
}

/// The distinct sources of the accuracies that are shown, in the order of the networks.
fn sources(networks: &[Row]) -> Vec<&PublishedAccuracy> {
    let mut sources: Vec<&PublishedAccuracy> = Vec::new();
    for first in networks.iter().filter_map(|row| row.published.first()) {
        if !sources.iter().any(|source| same_source(source, first)) {
            sources.push(first);
        }
    }
    sources
}

fn same_source(a: &PublishedAccuracy, b: &PublishedAccuracy) -> bool {
    (a.source, a.schedule) == (b.source, b.schedule)
}

/// The sources with the length of their trainings, then the accuracies that are not in the table.
fn legend(networks: &[Row], sources: &[&PublishedAccuracy]) -> String {
    let schedule = |accuracy: &PublishedAccuracy| {
        accuracy.schedule.map_or(String::new(), |schedule| format!(", {schedule}"))
    };
    let mut lines = vec!["published ImageNet top-1 at 224 px, from".to_owned()];
    let source = |(number, accuracy): (usize, &&PublishedAccuracy)| {
        format!("{number:>4}  {}{}", accuracy.source, schedule(accuracy))
    };
    lines.extend((1..).zip(sources).map(source));
    let others: Vec<(&str, &PublishedAccuracy)> = networks
        .iter()
        .flat_map(|row| row.published.iter().skip(1).map(|other| (row.name.as_str(), other)))
        .collect();
    if !others.is_empty() {
        lines.push("and other weights of the same networks".to_owned());
    }
    lines.extend(others.iter().map(|(name, other)| {
        format!("      {name} {:.2} %: {}{}", 100.0 * other.top1, other.source, schedule(other))
    }));
    lines.join("\n")
}
