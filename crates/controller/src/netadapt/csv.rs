//! The CSV files of an adaptation as text. Latencies are in milliseconds and accuracies fractions;
//! what does not exist is an empty cell.

use super::latency_record::{LatencyRecord, RUN_COLUMNS, run_values};
use super::store::{EvaluatedProposal, Iteration};
use crate::csv_text::{csv_text, optional};

/// The iterations, of which the seed is the first: what each narrowed, its latencies and its
/// accuracy on the hold-out.
pub fn trajectory_csv(iterations: &[Iteration]) -> String {
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
    let row = |iteration: &Iteration| {
        let narrowed = |channels: usize| match iteration.number {
            0 => String::new(),
            _ => channels.to_string(),
        };
        vec![
            iteration.number.to_string(),
            iteration.axis.clone(),
            narrowed(iteration.from),
            narrowed(iteration.to),
            iteration.predicted_ms.to_string(),
            iteration.latency_ms.to_string(),
            iteration.cut_ms.to_string(),
            iteration.hold_out.accuracy().to_string(),
            iteration.hold_out.interval().to_string(),
            iteration.hold_out.loss.to_string(),
        ]
    };
    csv_text(&header, iterations.iter().map(row))
}

/// All evaluated proposals, and whether an iteration chose them. `steps` is the number of training
/// steps of a proposal that is not dropped. A proposal whose training diverged has no loss.
pub fn proposals_csv(
    proposals: &[EvaluatedProposal],
    iterations: &[Iteration],
    steps: u64,
) -> String {
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
    let chosen = |proposal: &EvaluatedProposal| {
        let is_last = proposal.trained_steps == steps;
        is_last && iterations.iter().any(|iteration| iteration.is_of(proposal))
    };
    let row = |proposal: &EvaluatedProposal| {
        let hold_out = &proposal.hold_out;
        let loss = (!hold_out.has_diverged()).then_some(hold_out.loss);
        vec![
            proposal.iteration.to_string(),
            proposal.axis.clone(),
            proposal.from.to_string(),
            proposal.to.to_string(),
            proposal.trained_steps.to_string(),
            proposal.latency_ms.to_string(),
            hold_out.accuracy().to_string(),
            optional(loss),
            proposal.seconds.to_string(),
            if chosen(proposal) { "yes" } else { "no" }.to_owned(),
        ]
    };
    csv_text(&header, proposals.iter().map(row))
}

/// Latencies as [`read_latency_records`](super::read_latency_records) reads them.
pub fn latency_records_csv(records: &[LatencyRecord]) -> String {
    let header = [&["kind", "key", "ms"][..], &RUN_COLUMNS].concat();
    let row = |record: &LatencyRecord| {
        let LatencyRecord { kind, key, ms, runs } = record;
        let runs = runs.map_or([None; 7], |runs| run_values(&runs).map(Some));
        let cells = [kind.name().to_owned(), key.clone(), ms.to_string()];
        cells.into_iter().chain(runs.map(optional)).collect()
    };
    csv_text(&header, records.iter().map(row))
}
