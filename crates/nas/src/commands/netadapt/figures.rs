//! The figures of an adaptation.

use anyhow::Result;
use controller::final_trainings::FinalResult;
use controller::netadapt::{EvaluatedProposal, HoldOutEvaluation};
use report::{
    AdaptationFigure, Point, TrainedMark, WidthRow, WidthsFigure, draw_adaptation, draw_widths,
    write_figure,
};
use search_space::{Network, axes};

use super::outputs::Outputs;
use super::plan::Plan;

/// Writes `netadapt` as SVG and PNG.
pub(super) fn write_path(outputs: &Outputs<'_>, trained: &[FinalResult]) -> Result<()> {
    let figure = path(outputs, trained);
    write_figure(outputs.files.folder(), "netadapt", |format| draw_adaptation(&figure, format))?;
    Ok(())
}

/// Writes `widths` as SVG and PNG.
pub(super) fn write_widths(outputs: &Outputs<'_>, adapted: &Network) -> Result<()> {
    let figure = widths(outputs.plan, adapted)?;
    write_figure(outputs.files.folder(), "widths", |format| draw_widths(&figure, format))?;
    Ok(())
}

/// Accuracy and latency of all evaluated networks.
fn path(outputs: &Outputs<'_>, trained: &[FinalResult]) -> AdaptationFigure {
    let Outputs { plan, target_ms, files, .. } = outputs;
    let point = |latency_ms: f64, hold_out: &HoldOutEvaluation| Point {
        latency_ms,
        accuracy: hold_out.accuracy(),
    };
    let mut marks: Vec<TrainedMark> = Vec::new();
    for one in trained {
        let Some(accuracy) = one.hold_out_top1 else { continue };
        let same =
            |mark: &&mut TrainedMark| mark.label == one.name && mark.latency_ms == one.latency_ms;
        match marks.iter_mut().find(same) {
            Some(mark) => mark.accuracies.push(accuracy),
            None => marks.push(TrainedMark {
                label: one.name.to_owned(),
                latency_ms: one.latency_ms,
                accuracies: vec![accuracy],
            }),
        }
    }
    // Proposals that successive halving dropped early are not comparable.
    let whole =
        |proposal: &&EvaluatedProposal| proposal.trained_steps == plan.fine_tune.recipe.steps;
    let hold_out = plan.training.data.dataset.hold_out.len();
    AdaptationFigure {
        title: format!("NetAdapt from {} to {:.3} ms", plan.seed.name, target_ms),
        footnote: format!(
            "Top-1 accuracy on {hold_out} held-out images. Proposals and iterations: after {} training \
             steps from inherited weights, proposals at predicted and iterations at measured latency. \
             Marks: networks trained to the end, at measured latency.",
            plan.fine_tune.recipe.steps
        ),
        proposals: files
            .proposals()
            .iter()
            .filter(whole)
            .map(|t| point(t.latency_ms, &t.hold_out))
            .collect(),
        path: files.iterations().iter().map(|i| point(i.latency_ms, &i.hold_out)).collect(),
        trained: marks,
        target_ms: Some(*target_ms),
    }
}

/// The widths of the seed and of the adapted network.
fn widths(plan: &Plan, adapted: &Network) -> Result<WidthsFigure> {
    let row = |(before, after): (search_space::Axis, search_space::Axis)| WidthRow {
        label: before.name,
        before: before.width,
        after: after.width,
    };
    let rows = axes(&plan.seed)?.into_iter().zip(axes(adapted)?);
    Ok(WidthsFigure {
        title: format!("Channels of {} before and after NetAdapt", plan.seed.name),
        footnote: "Blocks are numbered from 0; out: all blocks that share an output.".to_owned(),
        before_label: "seed".to_owned(),
        after_label: "adapted".to_owned(),
        rows: rows.filter(|(axis, _)| axis.can_be_adapted()).map(row).collect(),
    })
}
