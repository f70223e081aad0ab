//! The results of a comparison: CSV, JSON and the table on the screen.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::search::Quartiles;
use controller::study::{ComparableStudy, GroupProgress, QuartileCurve};
use report::{Cell, Quantity, write_csv};
use serde::Serialize;

use super::figures;
use super::groups::{Group, TargetMs};
use crate::args::Global;
use crate::screen;

/// Everything that is printed, plotted and written.
pub(super) struct Results {
    pub(super) groups: Vec<Group>,
    pub(super) targets: Vec<TargetMs>,
    /// What each group reached for each target, target by target.
    lines: Vec<Line>,
}

/// What a group reached for a target.
struct Line {
    /// Index of the group.
    group: usize,
    target: TargetMs,
    progress: GroupProgress,
}

impl Line {
    fn curve(&self, quantity: Quantity) -> Option<&QuartileCurve> {
        match quantity {
            Quantity::Accuracy => Some(&self.progress.accuracy),
            Quantity::Hypervolume => self.progress.hypervolume.as_ref(),
            Quantity::Regret => self.progress.regret.as_ref(),
        }
    }
}

/// The quantities in the order of the files.
const QUANTITIES: [Quantity; 3] = [Quantity::Accuracy, Quantity::Hypervolume, Quantity::Regret];

/// The name of a quantity in the CSV file and in JSON, where regrets are in percentage points.
fn name(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Accuracy => "accuracy",
        Quantity::Hypervolume => "hypervolume",
        Quantity::Regret => "regret_points",
    }
}

/// Quartiles as in the CSV file and in JSON.
#[derive(Clone, Copy, Serialize)]
struct Shown {
    q25: Option<f64>,
    median: Option<f64>,
    q75: Option<f64>,
}

impl Shown {
    fn of(quantity: Quantity, quartiles: &Quartiles) -> Self {
        // Hides the rounding errors of a difference of accuracies.
        let points = |regret: f64| (regret * 1e10).round() / 1e8;
        let value = |value: Option<f64>| match quantity {
            Quantity::Accuracy | Quantity::Hypervolume => value,
            Quantity::Regret => value.map(points),
        };
        let Quartiles { q25, median, q75, .. } = *quartiles;
        Self { q25: value(q25), median: value(median), q75: value(q75) }
    }
}

#[derive(Serialize)]
struct Report {
    out: String,
    files: Vec<String>,
    groups: Vec<Row>,
}

/// A group's final state for a target.
#[derive(Serialize)]
struct Row {
    group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_ms: TargetMs,
    seeds: usize,
    trials: usize,
    accuracy: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    hypervolume: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regret_points: Option<Shown>,
    studies: Vec<String>,
}

impl Results {
    pub(super) fn new(groups: Vec<Group>, targets: Vec<TargetMs>) -> Self {
        let mut lines = Vec::new();
        for &target in &targets {
            for (index, group) in groups.iter().enumerate() {
                let progress = group.search.progress(target);
                lines.extend(progress.map(|progress| Line { group: index, target, progress }));
            }
        }
        Self { groups, targets, lines }
    }

    /// The default name of the output folder.
    pub(super) fn name(&self) -> String {
        let targets: Vec<String> =
            self.targets.iter().flatten().map(|target_ms| target_ms.to_string()).collect();
        match targets.is_empty() {
            true => format!("compare-{}-accuracy", self.space()),
            false => format!("compare-{}-{}ms", self.space(), targets.join("-")),
        }
    }

    pub(super) fn space(&self) -> &str {
        &self.first().manifest.space.name
    }

    /// The first study, for settings that all studies share.
    pub(super) fn first(&self) -> &ComparableStudy {
        &self.groups[0].search.studies[0]
    }

    /// The groups that have a quantity for a target, with its curve.
    pub(super) fn curves(
        &self,
        target: TargetMs,
        quantity: Quantity,
    ) -> impl Iterator<Item = (&Group, &QuartileCurve)> {
        let lines = self.lines.iter().filter(move |line| line.target == target);
        lines.filter_map(move |line| Some((&self.groups[line.group], line.curve(quantity)?)))
    }

    /// Writes the CSV file and the figures, each completely or not at all.
    pub(super) fn write(&self, out: &Path) -> Result<Vec<PathBuf>> {
        let csv = out.join("compare.csv");
        let header = ["group", "target_ms", "metric", "trials", "seeds", "q25", "median", "q75"];
        write_csv(&csv, &header, self.lines.iter().flat_map(|line| self.csv_rows(line)))?;
        let mut files = vec![csv];
        files.extend(figures::write(self, out)?);
        Ok(files)
    }

    fn csv_rows(&self, line: &Line) -> Vec<Vec<Cell>> {
        let row = |quantity: Quantity, quartiles: &Quartiles| {
            let Shown { q25, median, q75 } = Shown::of(quantity, quartiles);
            let label = self.groups[line.group].label.as_str();
            let (trials, seeds) = (quartiles.trials as u64, quartiles.seeds as u64);
            let names = [label.into(), line.target.into(), name(quantity).into()];
            let numbers = [trials.into(), seeds.into(), q25.into(), median.into(), q75.into()];
            names.into_iter().chain(numbers).collect()
        };
        let curves =
            QUANTITIES.iter().filter_map(|&quantity| Some((quantity, line.curve(quantity)?)));
        curves
            .flat_map(|(quantity, curve)| curve.points.iter().map(move |at| row(quantity, at)))
            .collect()
    }

    pub(super) fn print(&self, global: &Global, out: &Path, files: &[PathBuf]) -> Result<()> {
        let rows = self.rows();
        if global.json {
            let files = files.iter().map(|file| file.display().to_string()).collect();
            let out = out.display().to_string();
            return screen::print_json(&Report { out, files, groups: rows });
        }
        outln!("{}\n\nwritten to {}", table(&rows), out.display());
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let row = |line: &Line| {
            let GroupProgress { accuracy, .. } = &line.progress;
            let shown =
                |quantity| line.curve(quantity).map(|curve| Shown::of(quantity, &curve.common));
            let Group { label, search } = &self.groups[line.group];
            let studies = search.studies.iter();
            Row {
                group: label.clone(),
                target_ms: line.target,
                seeds: studies.len(),
                trials: accuracy.common.trials,
                accuracy: Shown::of(Quantity::Accuracy, &accuracy.common),
                hypervolume: shown(Quantity::Hypervolume),
                regret_points: shown(Quantity::Regret),
                studies: studies.map(|study| study.path.display().to_string()).collect(),
            }
        };
        self.lines.iter().map(row).collect()
    }
}

/// A row for each group and target, and below it the quartiles if there are several seeds; empty
/// columns are left out.
fn table(rows: &[Row]) -> String {
    let header =
        ["group", "ms", "seeds", "trials", "accuracy (%)", "hypervolume", "regret (points)"];
    let percent = |accuracy: f64| format!("{:.2}", 100.0 * accuracy);
    let quantities = |row: &Row, text: Text| {
        [
            text(Some(row.accuracy), &percent),
            text(row.hypervolume, &|share| format!("{share:.4}")),
            text(row.regret_points, &|points| format!("{points:.3}")),
        ]
    };
    let cells = |row: &Row| {
        let names = [
            row.group.clone(),
            row.target_ms.map(screen::grouped).unwrap_or_default(),
            row.seeds.to_string(),
            screen::grouped(row.trials),
        ];
        let first = [&names[..], &quantities(row, median)].concat();
        let names = names.map(|_| String::new());
        let second = [&names[..], &quantities(row, quartiles)].concat();
        if row.seeds == 1 { vec![first] } else { vec![first, second] }
    };
    let all: Vec<Vec<String>> = rows.iter().flat_map(cells).collect();
    let shown = |column: &usize| all.iter().any(|cells| !cells[*column].is_empty());
    let shown: Vec<usize> = (0..header.len()).filter(shown).collect();
    let header: Vec<&str> = shown.iter().map(|&column| header[column]).collect();
    let of = |cells: &Vec<String>| shown.iter().map(|&column| cells[column].clone()).collect();
    let table = screen::table(&header, &["group"], all.iter().map(of).collect());
    match rows.iter().all(|row| row.seeds == 1) {
        true => table,
        false => format!(
            "{table}\n\nmedian over the seeds, at the number of trials that all have; below it the\n\
             25th and 75th percentile"
        ),
    }
}

/// The text of a quantity, whose values are written by the function.
type Text = fn(Option<Shown>, &dyn Fn(f64) -> String) -> String;

fn median(quantity: Option<Shown>, show: &dyn Fn(f64) -> String) -> String {
    quantity.map_or_else(String::new, |shown| value(shown.median, show))
}

fn quartiles(quantity: Option<Shown>, show: &dyn Fn(f64) -> String) -> String {
    let Some(Shown { q25, q75, .. }) = quantity else { return String::new() };
    format!("{}-{}", value(q25, show), value(q75, show))
}

fn value(value: Option<f64>, show: &dyn Fn(f64) -> String) -> String {
    value.map_or_else(|| "none".to_owned(), show)
}
