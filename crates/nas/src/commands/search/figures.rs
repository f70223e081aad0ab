//! The figures of a search.

use std::path::Path;

use anyhow::Result;
use controller::{Half, Trial, Winner, best_curve, pareto_front};
use report::{
    Candidate, Format, LineKind, Mark, MarkKind, ParetoFigure, Point, ProgressFigure, ProgressLine,
    Step, draw_pareto, draw_progress, write_atomically,
};

use super::results::Results;

/// `pareto` and `progress`, each as SVG and PNG.
pub(super) fn write(results: &Results<'_>, out: &Path) -> Result<()> {
    let (pareto, progress) = (pareto(results), progress(results));
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let file = |name: &str| out.join(name).with_extension(extension);
        write_atomically(&file("pareto"), &draw_pareto(&pareto, format)?)?;
        write_atomically(&file("progress"), &draw_progress(&progress, format)?)?;
    }
    Ok(())
}

fn point(trial: &Trial) -> Point {
    Point { latency_ms: trial.latency_ms, accuracy: trial.estimate.accuracy }
}

fn pareto(results: &Results<'_>) -> ParetoFigure {
    let trials = &results.trials;
    let of = |half: Half| trials.iter().filter(|trial| trial.half == half).map(point).collect();
    let front = pareto_front(trials).into_iter().map(|index| point(&trials[index])).collect();
    let winner = |winner: &Option<Winner>, kind: MarkKind, label: &str| {
        let winner = winner.as_ref()?;
        let accuracy = trials[winner.trial].estimate.accuracy;
        let point = Point { latency_ms: winner.measured_ms, accuracy };
        let label = format!("{label}: {:.1} %, {:.2} ms", accuracy * 100.0, winner.measured_ms);
        Some(Mark { point, label, kind })
    };
    let winners = results.winners.iter().flat_map(|of| {
        let best = winner(&of.best, MarkKind::Best, "best");
        [best, winner(&of.best_by_reward, MarkKind::BestByReward, "best by reward")]
    });
    let references = results.references.iter().map(|reference| Mark {
        point: Point { latency_ms: reference.latency_ms, accuracy: reference.accuracy },
        label: reference.name.to_owned(),
        kind: MarkKind::Reference,
    });
    let candidates = results.measured.iter().map(|(trial, measured_ms)| Candidate {
        predicted_ms: trial.latency_ms,
        measured_ms: *measured_ms,
        accuracy: trial.estimate.accuracy,
    });
    ParetoFigure {
        title: format!("Accuracy and latency: {} trials of {}", trials.len(), results.space.name),
        footnote: footnote(results),
        reward_trials: of(Half::Reward),
        constrained_trials: of(Half::Target),
        front,
        targets_ms: results.settings.targets.iter().map(|target| target.ms()).collect(),
        marks: winners.flatten().chain(references).collect(),
        candidates: candidates.collect(),
    }
}

fn footnote(results: &Results<'_>) -> String {
    let setup = &results.setup;
    let cpu = setup.device.cpu.as_deref().unwrap_or("unknown CPU");
    let threads = if setup.threads == 1 { "1 thread" } else { "threads" };
    let threads = if setup.threads == 1 {
        threads.to_owned()
    } else {
        format!("{} {threads}", setup.threads)
    };
    let runtime = setup.runtime.name();
    format!(
        "Accuracy: surrogate of a shortened ImageNet schedule, which ranks networks. Latency: trials \
         predicted, best and best by reward measured; {runtime} runtime, {threads}, {cpu}."
    )
}

fn progress(results: &Results<'_>) -> ProgressFigure {
    let line = |label: String, kind: LineKind, trials: &[Trial], target_ms: f64| {
        let mut best = f64::NEG_INFINITY;
        let curve = best_curve(trials, target_ms);
        let steps = curve.into_iter().enumerate().filter_map(|(index, accuracy)| {
            let accuracy = accuracy.filter(|&accuracy| accuracy > best)?;
            best = accuracy;
            Some(Step { trial: index as u64 + 1, accuracy })
        });
        ProgressLine { label, kind, steps: steps.collect() }
    };
    let targets_ms: Vec<f64> = results.settings.targets.iter().map(|target| target.ms()).collect();
    let suffix = |target_ms: f64| match targets_ms.len() {
        1 => String::new(),
        _ => format!(", {target_ms} ms"),
    };
    let algorithm = results.settings.algorithm.to_string();
    ProgressFigure {
        title: match targets_ms[..] {
            [target_ms] => format!("Best accuracy under {target_ms} ms against trials"),
            _ => "Best accuracy under each target against trials".to_owned(),
        },
        footnote: footnote(results),
        trials: results.trials.len() as u64,
        reward_until: Some(results.settings.samples as u64 / 2),
        lines: targets_ms
            .iter()
            .flat_map(|&target_ms| {
                let (searched, random) = (&algorithm, "uniform random sampling");
                let suffix = suffix(target_ms);
                [
                    line(
                        format!("{searched}{suffix}"),
                        LineKind::Solid,
                        &results.trials,
                        target_ms,
                    ),
                    line(format!("{random}{suffix}"), LineKind::Dashed, &results.random, target_ms),
                ]
            })
            .collect(),
    }
}
