//! The figures of a comparison.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::search::Quartiles;
use controller::study::{AccuracyId, LatencyId, QuartileCurve};
use report::{
    ComparisonFigure, ComparisonLine, ComparisonPoint, Quantity, draw_comparison, write_figure,
};

use super::groups::{Group, TargetMs};
use super::results::Results;
use crate::screen::milliseconds;

/// Writes a figure for each quantity and target, as SVG and PNG. With several targets, each has files
/// of its own.
pub(super) fn write(results: &Results, out: &Path) -> Result<Vec<PathBuf>> {
    let quantities = [
        (Quantity::Accuracy, "accuracy"),
        (Quantity::Hypervolume, "hypervolume"),
        (Quantity::Regret, "regret"),
    ];
    let mut files = Vec::new();
    for &target in &results.targets {
        for (quantity, name) in quantities {
            let Some(figure) = figure(results, target, quantity) else { continue };
            let stem = match target {
                Some(target_ms) if results.targets.len() > 1 => format!("{name}-{target_ms}ms"),
                _ => name.to_owned(),
            };
            files.extend(write_figure(out, &stem, |format| draw_comparison(&figure, format))?);
        }
    }
    Ok(files)
}

/// `None` if no group has the quantity.
fn figure(results: &Results, target: TargetMs, quantity: Quantity) -> Option<ComparisonFigure> {
    let line = |(group, curve): (&Group, &QuartileCurve)| ComparisonLine {
        label: group.label.clone(),
        seeds: group.search.studies.len() as u64,
        points: curve.points.iter().filter_map(point).collect(),
    };
    let lines: Vec<ComparisonLine> = results.curves(target, quantity).map(line).collect();
    let under =
        target.map(|target_ms| format!(" under {}", milliseconds(target_ms))).unwrap_or_default();
    let space = searched(results);
    let title = match quantity {
        Quantity::Accuracy => format!("Best accuracy{under} against trials, {space}"),
        Quantity::Hypervolume => format!("Hypervolume{under} against trials, {space}"),
        Quantity::Regret => format!("Regret{under} against trials, {space}"),
    };
    let footnote = footnote(results, target, quantity);
    (!lines.is_empty()).then_some(ComparisonFigure { title, footnote, quantity, lines })
}

/// The space, or the table whose digits are its choices.
fn searched(results: &Results) -> String {
    let manifest = &results.first().manifest;
    match (&manifest.space.fingerprint, &manifest.accuracy) {
        (None, AccuracyId::Table { name, .. }) => format!("table {name}"),
        _ => format!("space {}", manifest.space.name),
    }
}

/// `None` while the median does not exist, because half of the seeds have no value yet.
fn point(quartiles: &Quartiles) -> Option<ComparisonPoint> {
    let (trials, low, high) = (quartiles.trials as u64, quartiles.q25, quartiles.q75);
    quartiles.median.map(|middle| ComparisonPoint { trials, low, middle, high })
}

fn footnote(results: &Results, target: TargetMs, quantity: Quantity) -> String {
    let first = results.first();
    let mut parts = vec!["Lines: median over the seeds that have that many trials.".to_owned()];
    match (quantity, target) {
        (Quantity::Hypervolume, Some(target_ms)) => parts.push(format!(
            "Hypervolume: share of the latencies from 0 to {} and the accuracies from 0 \
             to 100 % that the trials so far dominate.",
            milliseconds(target_ms)
        )),
        (Quantity::Regret, _) => {
            parts.push("Regret: the optimum minus the best accuracy so far.".to_owned());
        }
        (Quantity::Accuracy | Quantity::Hypervolume, _) => {}
    }
    parts.push(match &first.manifest.accuracy {
        AccuracyId::Surrogate => {
            "Accuracy: surrogate of a shortened ImageNet schedule, which ranks networks.".to_owned()
        }
        AccuracyId::Table { name, .. } => format!("Accuracy: table {name}."),
        AccuracyId::Supernet { .. } => {
            "Accuracy: shared weights of a supernet, which rank networks.".to_owned()
        }
        AccuracyId::Proxy { .. } => "Accuracy: short trainings, which rank networks.".to_owned(),
    });
    match (target, &first.manifest.latency) {
        (None, _) | (_, LatencyId::Unknown) => {}
        (Some(_), LatencyId::Column) => parts.push("Latency: a column of the table.".to_owned()),
        (Some(_), LatencyId::Device { device, .. }) => {
            // Instruction sets and caches follow the name of the CPU.
            let cpu = device.split(';').next().unwrap_or_default();
            parts.push(format!("Latency: predicted, {cpu}."));
        }
    }
    parts.join(" ")
}
