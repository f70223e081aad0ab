//! The result of an adaptation as text and JSON.

use anyhow::Result;
use controller::final_trainings::FinalResult;
use controller::netadapt::{Adapted, Iteration};
use search_space::{MeasuredLatency, Statistic};
use serde::Serialize;

use super::outputs::Outputs;
use super::readme;
use crate::args::Global;
use crate::measured;
use crate::screen::{print_json, table};

/// The result of an adaptation.
#[derive(Debug, Serialize)]
pub(crate) struct Netadapted {
    out: String,
    /// Duration of this command.
    seconds: f64,
    /// Parts of it: the fine-tuning of proposals, and measuring.
    tuning_s: f64,
    measuring_s: f64,
    seed_ms: f64,
    /// The measurement of the seed, which the other latencies are measured relative to.
    seed_measured: Option<MeasuredLatency>,
    adapted_ms: f64,
    target_ms: f64,
    met: bool,
    #[serde(rename = "steps")]
    iterations: Vec<IterationJson>,
    network: String,
    weights: String,
    /// Mean of the uniform scaling over the seeds, on the test images.
    uniform: Option<UniformJson>,
    trained: Vec<FinalResult>,
}

#[derive(Debug, Serialize)]
struct IterationJson {
    latency_ms: f64,
    /// The latency of the iteration before less this one.
    cut_ms: f64,
    accuracy: f64,
    change: String,
}

#[derive(Debug, Serialize)]
struct UniformJson {
    latency_ms: f64,
    accuracy: f64,
}

/// The result, which is also written to the folder's README. The durations are those of the command, and of
/// measuring as a part of it; the measurement is that of the seed.
pub(super) fn of(
    outputs: &Outputs<'_>,
    adapted: &Adapted,
    trained: Vec<FinalResult>,
    ((seconds, measuring_s), seed_measured): ((f64, f64), Option<MeasuredLatency>),
) -> Result<Netadapted> {
    let (files, out) = (&outputs.files, outputs.files.folder());
    let place = |name: &str| out.join(name).display().to_string();
    let result = Netadapted {
        out: out.display().to_string(),
        seconds,
        tuning_s: outputs.tuning_s,
        measuring_s,
        seed_ms: outputs.seed_ms,
        seed_measured,
        adapted_ms: adapted.latency_ms,
        target_ms: outputs.target_ms,
        met: adapted.meets_target,
        iterations: files.iterations().iter().map(iteration_json).collect(),
        network: place("adapted.ron"),
        weights: place("adapted.safetensors"),
        uniform: uniform(&trained),
        trained,
    };
    readme::write(outputs.plan, &result.text(), out)?;
    Ok(result)
}

impl Netadapted {
    /// Whether the target was met.
    pub(super) fn met(&self) -> bool {
        self.met
    }

    /// Prints the result as text or JSON.
    pub(super) fn print(&self, global: &Global) -> Result<()> {
        if global.json {
            return print_json(self);
        }
        outln!("{}", self.text());
        Ok(())
    }

    /// The lines of the last screen.
    pub(crate) fn text(&self) -> String {
        text(self)
    }
}

fn text(result: &Netadapted) -> String {
    let Netadapted { seed_ms, adapted_ms, target_ms, met, iterations, network, .. } = result;
    let outcome = match met {
        true => format!("the target of {target_ms:.3} ms is met"),
        false => format!("the target of {target_ms:.3} ms is missed: no legal width saves enough"),
    };
    let mut text = format!(
        "{} iterations from {seed_ms:.3} to {adapted_ms:.3} ms measured\n{outcome}\n{network}",
        iterations.len() - 1
    );
    if let Some(seed) = &result.seed_measured {
        text += "\nmeasured relative to the seed:";
        let statistics = Statistic::ALL.map(|statistic| measured::words(statistic, seed));
        let lines = statistics.into_iter().chain(measured::left_out(seed));
        text.extend(lines.map(|line| format!("\n  {line}")));
    }
    if !result.trained.is_empty() {
        let row = |t: &FinalResult| {
            let hold_out = t.hold_out_top1.map_or(String::new(), |a| format!("{:.2}", 100.0 * a));
            let (ms, test) = (format!("{:.3}", t.latency_ms), format!("{:.2}", 100.0 * t.top1));
            vec![t.name.to_owned(), t.seed.to_string(), ms, hold_out, test]
        };
        let header = ["network", "seed", "ms", "hold-out %", "test %"];
        let rows = result.trained.iter().map(row).collect();
        text += &format!("\n{}", table(&header, &["network"], rows));
    }
    text
}

fn uniform(trained: &[FinalResult]) -> Option<UniformJson> {
    let uniform: Vec<&FinalResult> = trained.iter().filter(|t| t.name == "uniform width").collect();
    let mean = |of: &dyn Fn(&FinalResult) -> f64| {
        uniform.iter().map(|t| of(t)).sum::<f64>() / uniform.len() as f64
    };
    (!uniform.is_empty())
        .then(|| UniformJson { latency_ms: mean(&|t| t.latency_ms), accuracy: mean(&|t| t.top1) })
}

fn iteration_json(iteration: &Iteration) -> IterationJson {
    let change = match iteration.number {
        0 => "seed".to_owned(),
        _ => format!("{} {} -> {}", iteration.axis, iteration.from, iteration.to),
    };
    let Iteration { latency_ms, cut_ms, hold_out, .. } = iteration;
    let (latency_ms, cut_ms) = (*latency_ms, *cut_ms);
    IterationJson { latency_ms, cut_ms, accuracy: hold_out.accuracy(), change }
}
