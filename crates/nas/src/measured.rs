//! Measured latencies in words.

use controller::search::Margin;
use search_space::{MeasuredLatency, Statistic};

use crate::screen::grouped;

/// The latency over the runs of a statistic: `all runs: p50 15.70, p95 17.20 ms`.
pub(crate) fn words(statistic: Statistic, measured: &MeasuredLatency) -> String {
    match (statistic, measured.runs) {
        (Statistic::Undisturbed, _) => format!("undisturbed runs: p50 {:.2} ms", measured.p50_ms),
        (Statistic::All, Some(runs)) => {
            format!("all runs: p50 {:.2}, p95 {:.2} ms", runs.all.p50_ms, runs.all.p95_ms)
        }
        (Statistic::All, None) => "all runs: unknown, measured by an early version".to_owned(),
    }
}

/// How many of all runs are left out of the undisturbed ones.
pub(crate) fn left_out(measured: &MeasuredLatency) -> Option<String> {
    let runs = measured.runs?;
    let percent = 100.0 * runs.left_out_share;
    Some(format!("{percent:.0} % of all {} runs were disturbed", grouped(runs.all.runs)))
}

/// A margin in per cent, with as many decimals as it has.
pub(crate) fn percent(margin: Margin) -> String {
    format!("{} %", (1e6 * margin.share()).round() / 1e4)
}
