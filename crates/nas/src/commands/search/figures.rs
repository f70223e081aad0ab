//! The figures of a search.

use std::path::Path;

use anyhow::Result;
use controller::search::{Phase, Target, Trial, Winner, best_accuracies, pareto_front};
use report::{
    Format, Improvement, LineKind, Mark, MarkKind, MeasuredPoint, ParetoFigure, Point,
    ProgressFigure, ProgressLine, ProgressPhase, draw_pareto, draw_progress, write_atomically,
};

use super::results::Results;
use super::sources::Latency;

/// Writes `progress`, and `pareto` if there are latencies, each as SVG and PNG.
pub(super) fn write(results: &Results<'_>, out: &Path) -> Result<()> {
    let (pareto, progress) = (pareto(results), progress(results));
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let file = |name: &str| out.join(name).with_extension(extension);
        if results.range.is_some() {
            write_atomically(&file("pareto"), &draw_pareto(&pareto, format)?)?;
        }
        write_atomically(&file("progress"), &draw_progress(&progress, format)?)?;
    }
    Ok(())
}

fn point(trial: &Trial) -> Option<Point> {
    Some(Point { latency_ms: trial.latency_ms?, accuracy: trial.estimate.accuracy })
}

fn pareto(results: &Results<'_>) -> ParetoFigure {
    let trials = &results.trials;
    let of = |phase| trials.iter().filter(|trial| trial.phase == phase).filter_map(point).collect();
    let front = pareto_front(trials).into_iter().filter_map(|index| point(&trials[index]));
    let winner = |winner: &Option<Winner>, kind: MarkKind, label: &str| {
        let winner = winner.as_ref()?;
        let accuracy = trials[winner.trial].estimate.accuracy;
        let latency_ms = winner.measured_ms?;
        let label = format!("{label}: {:.1} %, {latency_ms:.2} ms", accuracy * 100.0);
        Some(Mark { point: Point { latency_ms, accuracy }, label, kind })
    };
    let winners = results.winners.iter().flat_map(|of| {
        let best = winner(&of.best, MarkKind::Best, "best");
        [best, winner(&of.best_by_reward, MarkKind::BestByReward, "best by reward")]
    });
    let references = results.references.iter().map(|reference| Mark {
        point: Point { latency_ms: reference.latency_ms, accuracy: reference.accuracy },
        label: reference.known.name.to_owned(),
        kind: MarkKind::Reference,
    });
    // The latencies of a table are not measured on this device.
    let measured = match results.sources.latency {
        Latency::Device(_) => &results.measured[..],
        Latency::Column | Latency::Unknown => &[],
    };
    let measured_points = measured.iter().filter_map(|(trial, latency)| {
        let (predicted_ms, accuracy) = (trial.latency_ms?, trial.estimate.accuracy);
        Some(MeasuredPoint { predicted_ms, measured_ms: latency.ms, accuracy })
    });
    let name = &results.sources.domain.name;
    let targets = results.settings.goal.targets();
    ParetoFigure {
        title: format!("Accuracy and latency: {} trials of {name}", trials.len()),
        footnote: footnote(results),
        reward_trials: of(Phase::Reward),
        constrained_trials: of(Phase::Target),
        front_trials: of(Phase::Front),
        front: front.collect(),
        targets_ms: targets.iter().map(|target| target.ms()).collect(),
        marks: winners.flatten().chain(references).collect(),
        measured: measured_points.collect(),
    }
}

fn footnote(results: &Results<'_>) -> String {
    let accuracy = results.sources.accuracy_words();
    match results.sources.latency_words() {
        Some(latency) => format!("Accuracy: {accuracy}. Latency: {latency}."),
        None => format!("Accuracy: {accuracy}."),
    }
}

fn progress(results: &Results<'_>) -> ProgressFigure {
    let line = |label: String, kind: LineKind, trials: &[Trial], target: Option<Target>| {
        let mut best = f64::NEG_INFINITY;
        let points = trials.iter().map(Trial::point);
        let curve = best_accuracies(points, target.map(Target::ms));
        let improvements = curve.into_iter().enumerate().filter_map(|(index, accuracy)| {
            let accuracy = accuracy.filter(|&accuracy| accuracy > best)?;
            best = accuracy;
            Some(Improvement { trial: index as u64 + 1, accuracy })
        });
        ProgressLine { label, kind, improvements: improvements.collect() }
    };
    let targets = results.targets();
    let algorithm = results.settings.algorithm.to_string();
    let lines = targets.iter().flat_map(|&target| {
        let suffix = match (target, targets.len()) {
            (Some(target), 2..) => format!(", {} ms", target.ms()),
            _ => String::new(),
        };
        let searched = format!("{algorithm}{suffix}");
        let random = format!("uniform random sampling{suffix}");
        [
            line(searched, LineKind::Solid, &results.trials, target),
            line(random, LineKind::Dashed, &results.random, target),
        ]
    });
    ProgressFigure {
        title: match targets[..] {
            [Some(target)] => format!("Best accuracy under {} ms against trials", target.ms()),
            [None] => "Best accuracy against trials".to_owned(),
            _ => "Best accuracy under each target against trials".to_owned(),
        },
        footnote: footnote(results),
        trials: results.trials.len() as u64,
        phases: phases(&results.trials),
        lines: lines.collect(),
    }
}

/// The phases of a search that had trials.
fn phases(trials: &[Trial]) -> Vec<ProgressPhase> {
    let of = |phase: Phase| {
        let last = trials.iter().rposition(|trial| trial.phase == phase)?;
        let label = match phase {
            Phase::Reward => "maximising the reward",
            Phase::Target => "searching under the target",
            Phase::Front => "improving the front",
        };
        Some(ProgressPhase { label: label.to_owned(), until: last as u64 + 1 })
    };
    Phase::ALL.into_iter().filter_map(of).collect()
}
