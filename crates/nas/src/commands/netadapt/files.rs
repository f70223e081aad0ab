//! The files of an adaptation.

use std::path::PathBuf;

use anyhow::Result;
use controller::netadapt::{
    Adapted, EvaluatedProposal, Iteration, LatencyRecord, RUN_COLUMNS, run_values,
};
use report::{
    Cell, Format, ReportError, draw_adaptation, draw_widths, write_atomically, write_csv,
};
use search_space::Network;

use super::figures;
use super::plan::Plan;
use super::trainings::Trained;

/// The state of a run that its files show, and its output folder.
pub(super) struct Files<'a> {
    pub(super) plan: &'a Plan,
    pub(super) seed_ms: f64,
    pub(super) target_ms: f64,
    pub(super) out: PathBuf,
    pub(super) iterations: Vec<Iteration>,
    pub(super) proposals: Vec<EvaluatedProposal>,
}

impl Files<'_> {
    pub(super) fn write_network(&self, iteration: &Iteration, network: &Network) -> Result<()> {
        Ok(write_atomically(&self.iteration_file(iteration, "ron"), network.to_ron().as_bytes())?)
    }

    pub(super) fn write_weights(&self, iteration: &Iteration, weights: &[u8]) -> Result<()> {
        Ok(write_atomically(&self.iteration_file(iteration, "safetensors"), weights)?)
    }

    /// The paths of an iteration's network and weights.
    pub(super) fn network_and_weights(&self, iteration: &Iteration) -> String {
        let path = self.iteration_file(iteration, "ron");
        format!("{} with its .safetensors", path.display())
    }

    fn iteration_file(&self, iteration: &Iteration, extension: &str) -> PathBuf {
        self.out.join("iterations").join(format!("{:03}.{extension}", iteration.number))
    }

    /// Writes the result of the iterations, before the final trainings.
    pub(super) fn write_adapted(&self, adapted: &Adapted, weights: &[u8]) -> Result<()> {
        write_atomically(&self.out.join("adapted.ron"), adapted.network.to_ron().as_bytes())?;
        write_atomically(&self.out.join("adapted.safetensors"), weights)?;
        self.write_path(&[])?;
        let figure = figures::widths(self.plan, &adapted.network)?;
        self.write_figure("widths", |format| draw_widths(&figure, format))
    }

    /// Writes the measured latencies, as `--measurements` reads them.
    pub(super) fn write_latencies(&self, latencies: Vec<LatencyRecord>) -> Result<()> {
        let row = |recorded: LatencyRecord| {
            let LatencyRecord { kind, key, ms, runs } = recorded;
            let runs = runs.map_or([None; 7], |runs| run_values(&runs).map(Some));
            let cells = vec![kind.name().into(), key.into(), ms.into()];
            cells.into_iter().chain(runs.map(Cell::from)).collect()
        };
        let header = [&["kind", "key", "ms"][..], &RUN_COLUMNS].concat();
        let rows = latencies.into_iter().map(row);
        Ok(write_csv(&self.out.join("measurements.csv"), &header, rows)?)
    }

    pub(super) fn write_trained(&self, trained: &[Trained]) -> Result<()> {
        let rows = trained.iter().map(|t| {
            let (hold_out, test) = (t.hold_out_top1.into(), t.top1.into());
            vec![t.name.into(), t.seed.into(), t.latency_ms.into(), hold_out, test]
        });
        let header = ["network", "seed", "latency_ms", "hold_out_top1", "test_top1"];
        Ok(write_csv(&self.out.join("trained.csv"), &header, rows)?)
    }

    /// Writes trajectory, proposals and their figure.
    pub(super) fn write_path(&self, trained: &[Trained]) -> Result<()> {
        let rows = self.iterations.iter().map(|iteration| {
            let narrowed = |channels: usize| match iteration.number {
                0 => Cell::Empty,
                _ => Cell::from(channels as u64),
            };
            vec![
                (iteration.number as u64).into(),
                iteration.axis.clone().into(),
                narrowed(iteration.from),
                narrowed(iteration.to),
                iteration.predicted_ms.into(),
                iteration.latency_ms.into(),
                iteration.cut_ms.into(),
                iteration.hold_out.accuracy().into(),
                iteration.hold_out.interval().into(),
                iteration.hold_out.loss.into(),
            ]
        });
        let header = [
            "iteration",
            "axis",
            "from",
            "to",
            "predicted_ms",
            "measured_ms",
            "cut_ms",
            "hold_out_top1",
            "interval95",
            "hold_out_loss",
        ];
        write_csv(&self.out.join("trajectory.csv"), &header, rows)?;
        self.write_proposals()?;
        let figure = figures::path(self, trained);
        self.write_figure("netadapt", |format| draw_adaptation(&figure, format))
    }

    fn write_proposals(&self) -> Result<()> {
        let chosen = |proposal: &EvaluatedProposal| {
            let same = |i: &Iteration| {
                i.number == proposal.iteration && i.axis == proposal.axis && i.to == proposal.to
            };
            match proposal.trained_steps == self.plan.fine_tune.recipe.steps
                && self.iterations.iter().any(same)
            {
                true => "yes",
                false => "no",
            }
        };
        let rows = self.proposals.iter().map(|proposal| {
            vec![
                (proposal.iteration as u64).into(),
                proposal.axis.clone().into(),
                (proposal.from as u64).into(),
                (proposal.to as u64).into(),
                proposal.trained_steps.into(),
                proposal.latency_ms.into(),
                proposal.hold_out.accuracy().into(),
                proposal.hold_out.loss.into(),
                proposal.seconds.into(),
                chosen(proposal).into(),
            ]
        });
        let header = [
            "iteration",
            "axis",
            "from",
            "to",
            "trained_steps",
            "predicted_ms",
            "hold_out_top1",
            "hold_out_loss",
            "seconds",
            "chosen",
        ];
        Ok(write_csv(&self.out.join("proposals.csv"), &header, rows)?)
    }

    fn write_figure(
        &self,
        name: &str,
        draw: impl Fn(Format) -> Result<Vec<u8>, ReportError>,
    ) -> Result<()> {
        for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
            write_atomically(&self.out.join(name).with_extension(extension), &draw(format)?)?;
        }
        Ok(())
    }
}
