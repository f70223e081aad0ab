//! The files of `nas zoo --measure --out DIR`.

use std::path::Path;

use anyhow::Result;
use report::{
    Cell, FolderReadme, Mark, MarkKind, ParetoFigure, Point, draw_pareto, write_csv, write_figure,
};
use search_space::MeasuredLatency;

use super::{Row, list};
use crate::shell;

/// Writes the measured networks as CSV and as a figure of accuracy against latency.
pub(super) fn write(networks: &[Row], device: &str, out: &Path) -> Result<()> {
    let own = ["network", "params", "macs", "p50_ms", "published_top1", "source", "schedule"];
    let header = [&own[..], &MeasuredLatency::COLUMNS].concat();
    let rows = networks.iter().map(|row| {
        let first = row.published.first();
        let cells = vec![
            Cell::from(row.name.clone()),
            Cell::Count(row.params as u64),
            Cell::Count(row.macs as u64),
            row.p50_ms.into(),
            row.top1.into(),
            row.top1_source.into(),
            first.and_then(|accuracy| accuracy.schedule).into(),
        ];
        let measured = row.measured.map_or([None; 4], |measured| measured.values());
        cells.into_iter().chain(measured.map(Cell::from)).collect()
    });
    write_csv(&out.join("zoo.csv"), &header, rows)?;
    let figure = figure(networks, device);
    write_figure(out, "zoo", |format| draw_pareto(&figure, format))?;
    let readme = FolderReadme {
        program: "nas",
        title: "Published networks on this device",
        command: &shell::command(),
        device,
        result: &list::measured(networks),
        files: &[
            ("zoo.png", "published accuracy against measured latency"),
            ("zoo.svg", "the same as SVG"),
            ("zoo.csv", "parameters, MACs, p50 latency and published accuracy with its source"),
        ],
    };
    Ok(readme.write(out)?)
}

/// Networks without a published accuracy are not in the figure.
fn figure(networks: &[Row], device: &str) -> ParetoFigure {
    let point = |row: &Row| Some(Point { latency_ms: row.p50_ms?, accuracy: row.top1? });
    let mark = |row: &Row| {
        Some(Mark { point: point(row)?, label: row.name.clone(), kind: MarkKind::Reference })
    };
    // They are sorted by latency: a network is on the front if no faster one is as accurate.
    let mut front: Vec<Point> = Vec::new();
    for point in networks.iter().filter_map(point) {
        if front.last().is_none_or(|last| point.accuracy > last.accuracy) {
            front.push(point);
        }
    }
    ParetoFigure {
        title: "Published networks on this device".to_owned(),
        footnote: format!(
            "Accuracy: ImageNet top-1 at 224 px as published, after trainings that differ. Latency: \
             measured, p50 of the undisturbed runs; {device}."
        ),
        y_name: "published ImageNet top-1 (%)".to_owned(),
        front,
        marks: networks.iter().filter_map(mark).collect(),
        ..ParetoFigure::default()
    }
}
