//! The figures of a search.

use std::path::Path;

use anyhow::Result;
use controller::search::{
    Phase, Target, Trial, Winner, improvements as improvements_of, pareto_front,
};
use report::{
    Improvement, LineKind, Mark, MarkKind, MeasuredPoint, ParetoFigure, PhaseShade, Point,
    ProgressFigure, ProgressLine, ProgressPhase, TrialGroup, draw_pareto, draw_progress,
    write_figure,
};

use super::results::Results;
use super::sources::Latency;
use crate::screen::{grouped, milliseconds};

/// Writes `progress`, and `pareto` if there are latencies, each as SVG and PNG.
pub(super) fn write(results: &Results<'_>, out: &Path) -> Result<()> {
    let (pareto, progress) = (pareto(results), progress(results));
    if results.range.is_some() {
        write_figure(out, "pareto", |format| draw_pareto(&pareto, format))?;
    }
    write_figure(out, "progress", |format| draw_progress(&progress, format))?;
    Ok(())
}

fn point(trial: &Trial) -> Option<Point> {
    Some(Point { latency_ms: trial.latency_ms?, accuracy: trial.estimate.accuracy })
}

fn pareto(results: &Results<'_>) -> ParetoFigure {
    let trials = &results.trials;
    let front = pareto_front(trials).into_iter().filter_map(|index| point(&trials[index]));
    let winner = |winner: &Option<Winner>, kind: MarkKind, label: &str| {
        let winner = winner.as_ref()?;
        let accuracy = trials[winner.trial].estimate.accuracy;
        let latency_ms = winner.measured_ms?;
        let label = format!("{label}: {:.1} %, {latency_ms:.2} ms", accuracy * 100.0);
        Some(Mark { point: Point { latency_ms, accuracy }, label, kind })
    };
    let best = best_of_targets(results)
        .into_iter()
        .map(|(name, best)| winner(best, MarkKind::Best, &name));
    let by_reward = distinct(results.winners.iter().map(|of| &of.best_by_reward));
    let by_reward =
        by_reward.into_iter().map(|best| winner(best, MarkKind::BestByReward, "best by reward"));
    let winners = best.chain(by_reward);
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
    let targets = results.settings.goal.targets();
    ParetoFigure {
        title: format!(
            "Accuracy and latency: {} trials of the {}",
            grouped(trials.len()),
            results.sources.searched_words()
        ),
        footnote: footnote(results),
        y_name: String::new(),
        trials: groups(trials),
        front: front.collect(),
        targets_ms: targets.iter().map(|target| target.ms()).collect(),
        marks: winners.flatten().chain(references).collect(),
        measured: measured_points.collect(),
    }
}

/// The winners with their names. Targets that have the same winner share a mark.
fn best_of_targets<'a>(results: &'a Results<'_>) -> Vec<(String, &'a Option<Winner>)> {
    let best = distinct(results.winners.iter().map(|of| &of.best));
    let name = |best: &Option<Winner>| {
        let same = results.winners.iter().filter(|of| of.best == *best);
        let targets: Vec<String> = same.filter_map(|of| Some(grouped(of.target?.ms()))).collect();
        match (results.winners.len(), targets.is_empty()) {
            (1, _) | (_, true) => "best".to_owned(),
            _ => format!("under {} ms", targets.join(" and ")),
        }
    };
    best.into_iter().map(|best| (name(best), best)).collect()
}

/// Winners of which each trial stands only once: several targets may have the same.
fn distinct<'a>(winners: impl Iterator<Item = &'a Option<Winner>>) -> Vec<&'a Option<Winner>> {
    let mut distinct: Vec<&Option<Winner>> = Vec::new();
    for winner in winners {
        let trial = |winner: &Option<Winner>| winner.as_ref().map(|winner| winner.trial);
        if !distinct.iter().any(|other| trial(other) == trial(winner)) {
            distinct.push(winner);
        }
    }
    distinct
}

/// What the trials of a phase search for.
pub(super) fn aim(phase: Phase) -> &'static str {
    match phase {
        Phase::Reward => "maximising the reward",
        Phase::Target => "searching under the target",
        Phase::Front => "improving the front",
    }
}

/// The trials of each phase, in the order of the phases.
fn groups(trials: &[Trial]) -> Vec<TrialGroup> {
    let mut phases: Vec<Phase> = Vec::new();
    for trial in trials {
        if !phases.contains(&trial.phase) {
            phases.push(trial.phase);
        }
    }
    let of = |phase: Phase| TrialGroup {
        label: format!("trials {}", aim(phase)),
        points: trials.iter().filter(|trial| trial.phase == phase).filter_map(point).collect(),
    };
    phases.into_iter().map(of).collect()
}

/// Consecutive trials of the same phase. A search for accuracy alone has no phases.
fn phases(results: &Results<'_>) -> Vec<ProgressPhase> {
    if results.settings.goal.targets().is_empty() {
        return Vec::new();
    }
    let runs = results.trials.chunk_by(|a, b| a.phase == b.phase);
    let mut last = 0;
    let phase = |run: &[Trial]| {
        let first = last + 1;
        last += run.len() as u64;
        let shade = match run[0].phase {
            Phase::Reward => PhaseShade::Shaded,
            Phase::Target => PhaseShade::Plain,
            Phase::Front => PhaseShade::Plain,
        };
        ProgressPhase { label: aim(run[0].phase).to_owned(), first, last, shade }
    };
    runs.map(phase).collect()
}

fn footnote(results: &Results<'_>) -> String {
    let accuracy = results.sources.accuracy_words();
    match results.sources.latency_words() {
        Some(latency) => format!("Accuracy: {accuracy}. Latency: {latency}."),
        None => format!("Accuracy: {accuracy}."),
    }
}

/// The trials that raised the best accuracy under the target.
fn improvements(trials: &[Trial], target: Option<Target>) -> Vec<Improvement> {
    let all = improvements_of(trials.iter().map(Trial::point), target.map(Target::ms));
    let improvement = |(index, accuracy)| Improvement { trial: index as u64 + 1, accuracy };
    all.into_iter().map(improvement).collect()
}

fn progress(results: &Results<'_>) -> ProgressFigure {
    let line = |label: [String; 2], kind: LineKind, group: usize, target: Option<Target>| {
        let trials = match kind {
            LineKind::Search => &results.trials,
            LineKind::Baseline => &results.random,
        };
        let [label, end_label] = label;
        ProgressLine { label, end_label, kind, group, improvements: improvements(trials, target) }
    };
    let targets = results.settings.goal.each_target();
    let algorithm = results.settings.algorithm.to_string();
    let lines = targets.iter().enumerate().flat_map(|(group, &target)| {
        let ms = target.filter(|_| targets.len() > 1).map(|target| milliseconds(target.ms()));
        let under = ms.as_ref().map_or(String::new(), |ms| format!(" under {ms}"));
        let ends = ms.map_or([String::new(), "random".to_owned()], |ms| {
            let random = format!("{ms}, random");
            [ms, random]
        });
        let [searched_end, random_end] = ends;
        let searched = [format!("{algorithm}{under}"), searched_end];
        let random = [format!("random sampling{under}"), random_end];
        [
            line(searched, LineKind::Search, group, target),
            line(random, LineKind::Baseline, group, target),
        ]
    });
    let phases = phases(results);
    let mut footnote = footnote(results);
    if phases.iter().any(|phase| phase.shade == PhaseShade::Shaded) {
        footnote += " Shaded: the search maximises the reward, not the accuracy under the target, \
                     and may lie below random sampling.";
    }
    ProgressFigure {
        title: match targets[..] {
            [Some(target)] => {
                format!("Best accuracy under {} against trials", milliseconds(target.ms()))
            }
            [None] => "Best accuracy against trials".to_owned(),
            _ => "Best accuracy under each target against trials".to_owned(),
        },
        footnote,
        trials: results.trials.len() as u64,
        phases,
        lines: lines.collect(),
    }
}
