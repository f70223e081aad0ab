//! The files of `nas table validate`.

use std::path::Path;

use anyhow::Result;
use latency_predictor::{DeviceTable, DrawnNetwork, Pass, measured_ms};
use report::{
    Cell, FileOf, FolderReadme, ValidatedNetwork, ValidationFigure, draw_validation, write_csv,
    write_figure,
};
use search_space::SearchSpace;

use crate::shell;

const FILES: [FileOf<'_>; 4] = [
    ("validation.png", "predicted against measured latency, and the errors of the predictions"),
    ("validation.svg", "the same as SVG"),
    (
        "validation.csv",
        "each network with its predicted and measured latencies in each pass, and its costs",
    ),
    ("pass-*.txt", "the genotypes in the order in which a pass measured them"),
];

/// What was predicted and measured.
pub(super) struct Files<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) device: &'a DeviceTable,
    pub(super) networks: &'a [DrawnNetwork],
    pub(super) passes: &'a [Pass],
}

impl Files<'_> {
    /// Writes the figure, the measurements and the `README.md`, which has the result as `text`.
    pub(super) fn write(&self, text: &str, out: &Path) -> Result<()> {
        self.write_csv(out)?;
        let figure = self.figure();
        write_figure(out, "validation", |format| draw_validation(&figure, format))?;
        let readme = FolderReadme {
            program: "nas",
            title: &format!("Validation of a latency table with networks of {}", self.space.name),
            command: &shell::command(),
            device: &self.device.table.setup.words(),
            result: text,
            files: &FILES,
        };
        Ok(readme.write(out)?)
    }

    fn write_csv(&self, out: &Path) -> Result<()> {
        let of_pass = |name: &str| {
            (1..=self.passes.len()).map(|pass| format!("{name}_ms_{pass}")).collect::<Vec<_>>()
        };
        let first = ["genotype", "built_ms"].map(str::to_owned).to_vec();
        let last = ["macs", "params", "memory_access_cost"].map(str::to_owned).to_vec();
        let header = [first, of_pass("predicted"), of_pass("measured"), last].concat();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let rows = self.networks.iter().enumerate().map(|(index, network)| {
            let predicted = self.passes.iter().map(|pass| pass.level * network.built_ms);
            let measured = self.passes.iter().map(|pass| pass.measured[index].p50_ms);
            let cost = network.cost;
            let costs = [cost.macs, cost.params, cost.memory_access_cost];
            [Cell::from(network.genotype.to_string()), network.built_ms.into()]
                .into_iter()
                .chain(predicted.chain(measured).map(Cell::from))
                .chain(costs.map(|cost| Cell::Count(cost as u64)))
                .collect()
        });
        Ok(write_csv(&out.join("validation.csv"), &header, rows)?)
    }

    /// A network has the mean of its predictions, which differ by the levels of the passes.
    fn figure(&self) -> ValidationFigure {
        let level =
            self.passes.iter().map(|pass| pass.level).sum::<f64>() / self.passes.len() as f64;
        let network = |(index, network): (usize, &DrawnNetwork)| {
            let all = self.passes.iter().map(|pass| pass.measured[index].p50_ms);
            let low = all.clone().fold(f64::INFINITY, f64::min);
            let high = all.fold(0.0, f64::max);
            Some(ValidatedNetwork {
                predicted_ms: level * network.built_ms,
                measured_ms: measured_ms(self.passes, index)?,
                range_ms: (self.passes.len() > 1).then_some([low, high]),
            })
        };
        let processes = match self.passes.len() {
            1 => "by another process".to_owned(),
            count => format!("median of {count} processes"),
        };
        ValidationFigure {
            title: format!("Predicted and measured latency of networks of {}", self.space.name),
            footnote: format!(
                "Predicted: sum over blocks times the level that anchors tell, mean of the passes. \
                 Measured: p50 of undisturbed runs, {processes}. {}.",
                self.device.table.setup.words()
            ),
            networks: self.networks.iter().enumerate().filter_map(network).collect(),
        }
    }
}
