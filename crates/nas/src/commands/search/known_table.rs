//! The winners beside known networks, for the last screen.

use controller::search::{Found, FoundForTarget};

use super::references::Known;
use super::results::Results;
use super::screen::distinct;
use super::sources::{Accuracy, Latency};
use crate::screen;

/// A row before it is written: accuracies are fractions.
struct Row {
    name: String,
    latency_ms: Option<f64>,
    accuracy: Option<f64>,
    published: Option<f64>,
}

/// The table with what its columns mean; empty if there is nothing to compare the winners with.
pub(super) fn of(results: &Results<'_>, found: &[FoundForTarget]) -> String {
    if results.known.is_empty() {
        return String::new();
    }
    let mut rows = winners(found);
    rows.extend(results.known.iter().map(|known| Row {
        name: known.name.clone(),
        latency_ms: Some(known.latency_ms),
        accuracy: known.accuracy,
        published: known.published_top1,
    }));
    let latency = |row: &Row| row.latency_ms.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| latency(a).total_cmp(&latency(b)));
    let percent = |accuracy: f64| format!("{:.1}", 100.0 * accuracy);
    let cells = |row: &Row| {
        vec![
            row.name.clone(),
            row.latency_ms.map(|ms| format!("{ms:.2}")).unwrap_or_default(),
            row.accuracy.map_or_else(|| "unknown".to_owned(), percent),
            row.published.map(percent).unwrap_or_default(),
        ]
    };
    let latency = match results.sources.latency {
        Latency::Device(_) => "measured (ms)",
        Latency::Column | Latency::Unknown => "latency (ms)",
    };
    let header = ["network", latency, "accuracy (%)", "published (%)"];
    let table = screen::table(&header, &["network"], rows.iter().map(cells).collect());
    format!("{table}\n{}", notes(results))
}

/// A row for each distinct winner, and for the best by reward if it is another network.
fn winners(found: &[FoundForTarget]) -> Vec<Row> {
    let groups = distinct(found);
    let mut rows: Vec<(&str, Row)> = Vec::new();
    let row = |name: String, network: &Found| Row {
        name,
        latency_ms: network.measured_ms,
        accuracy: Some(network.accuracy),
        published: None,
    };
    for same in &groups {
        let Some(best) = &same[0].best else { continue };
        let name = match (same[0].target_ms, same.len(), groups.len()) {
            (Some(ms), 1, 2..) => format!("winner for {ms} ms"),
            (Some(ms), more, 2..) => format!("winner for {ms} ms and {} more", more - 1),
            _ => "winner".to_owned(),
        };
        rows.push((&best.genotype, row(name, best)));
    }
    for best in found.iter().filter_map(|for_target| for_target.best_by_reward.as_ref()) {
        if !rows.iter().any(|(genotype, _)| *genotype == best.genotype) {
            rows.push((&best.genotype, row("best by reward".to_owned(), best)));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn notes(results: &Results<'_>) -> String {
    let mut notes = Vec::new();
    let any = |which: fn(&Known) -> bool| results.known.iter().any(which);
    if any(|known| known.accuracy.is_none()) {
        let source = match &results.sources.accuracy {
            Accuracy::Surrogate(_) => "the surrogate knows networks of its space only".to_owned(),
            Accuracy::Supernet(_) => "the supernet knows networks of its space only".to_owned(),
            Accuracy::Proxy(_) => "only networks of the space were trained".to_owned(),
            Accuracy::Table(table) => format!("{} has only networks of the space", table.name),
        };
        notes.push(format!("unknown: {source}"));
    }
    if any(|known| known.published_top1.is_some()) {
        notes.push(
            "published: ImageNet top-1 after full training, not comparable with accuracy"
                .to_owned(),
        );
    }
    notes.join("\n")
}
