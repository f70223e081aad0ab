//! What a search says while it runs and at its end.

use std::path::Path;
use std::time::Duration;

use controller::{Binding, Range, SearchSettings, Target, Trial, least_cost};
use search_space::SearchSpace;

use super::results::{Found, FoundForTarget, Results};
use crate::screen::grouped;

/// The space's range on this device, and what the targets mean in it.
pub(super) fn range(space: &SearchSpace, range: &Range, targets: &[Target]) -> String {
    let Range { fastest_ms, median_ms, slowest_ms } = range;
    let mut text = format!(
        "{} on this device: fastest {fastest_ms:.2} ms, median {median_ms:.2} ms, slowest \
         {slowest_ms:.2} ms",
        space.name
    );
    let suggested = range.suggested_ms().map(|ms| format!("{ms:.3}")).join(", ");
    for target in targets {
        let target_ms = target.ms();
        match range.binding(*target) {
            Binding::Binds => {}
            Binding::DoesNotBind => {
                text += &format!(
                    "\nthe target of {target_ms} ms does not bind: every network meets it; targets \
                     that do: {suggested} ms"
                );
            }
            Binding::CannotBeMet => {
                text += &format!(
                    "\nno network meets {target_ms} ms: the fastest takes {fastest_ms:.2} ms; \
                     targets that can be met: {suggested} ms"
                );
            }
        }
    }
    text
}

/// Which limits no network of the space keeps.
pub(super) fn binding_limits(space: &SearchSpace, settings: &SearchSettings) -> String {
    let exceeded = settings.limits.iter().filter_map(|(cost, most)| {
        let least = least_cost(space, cost, settings.seed);
        let (least_text, most_text) = (grouped(least), grouped(most));
        (least > most).then(|| {
            format!(
                "{}: the limit is {most_text}, and the least in {} is {least_text}",
                cost.name(),
                space.name
            )
        })
    });
    let exceeded: Vec<String> = exceeded.collect();
    match exceeded.is_empty() {
        true => format!("no network was found that keeps all limits at once: {}", settings.limits),
        false => exceeded.join("\n"),
    }
}

/// The best trial under each target, for a progress bar.
pub(super) fn best_so_far(trials: &[Trial], targets: &[Target]) -> String {
    let best = |target: &Target| {
        let feasible = trials.iter().filter(|trial| trial.latency_ms <= target.ms());
        let best = feasible.max_by(|a, b| a.estimate.accuracy.total_cmp(&b.estimate.accuracy));
        match best {
            Some(trial) => {
                let percent = trial.estimate.accuracy * 100.0;
                format!("{percent:.2} % at {:.2} ms", trial.latency_ms)
            }
            None => format!("nothing under {} ms yet", target.ms()),
        }
    };
    format!("best {}", targets.iter().map(best).collect::<Vec<_>>().join(", "))
}

/// A candidate that was measured, for a progress bar.
pub(super) fn candidate(trial: &Trial, measured_ms: f64) -> String {
    let percent = trial.estimate.accuracy * 100.0;
    format!("{percent:.2} %: {measured_ms:.2} ms measured, {:.2} predicted", trial.latency_ms)
}

/// The last screen.
pub(super) fn last(
    results: &Results<'_>,
    found: &[FoundForTarget],
    out: &Path,
    took: Duration,
) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for for_target in found {
        lines.extend(of_target(results, for_target));
    }
    if !results.trials.is_empty() {
        lines.push(("coverage", "100 % of the predictions from measured blocks".to_owned()));
        let trials = grouped(results.trials.len());
        let text = format!("{trials} trials in {:.0} s, {}", took.as_secs_f64(), out.display());
        lines.push(("study", text));
    }
    if let Some(best) = found.iter().find_map(|for_target| for_target.best.as_ref()) {
        lines.push(("next", format!("nas latency {} --measure", best.network)));
    }
    let text = |(name, value): &(&str, String)| format!("{name:<16}{value}");
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn of_target(results: &Results<'_>, found: &FoundForTarget) -> Vec<(&'static str, String)> {
    let target_ms = found.target_ms;
    let mut lines = Vec::new();
    match &found.best {
        Some(best) => {
            lines.push(("winner", format!("{}:{}", results.space.name, best.genotype)));
            lines.push(("latency", latency(best, target_ms)));
            lines.push(("accuracy", accuracy(best)));
            lines.push(("", "an estimate of a short ImageNet schedule: it ranks networks".into()));
        }
        None => {
            let fastest_ms = results.range.fastest_ms;
            let text = format!("none met {target_ms} ms; the fastest takes {fastest_ms:.2} ms");
            lines.push(("winner", text));
        }
    }
    if let Some(found) = &found.best_by_reward {
        let text = format!(
            "{:.1} % at {:.2} ms, the paper's winner",
            found.accuracy * 100.0,
            found.measured_ms
        );
        lines.push(("best by reward", text));
    }
    lines
}

fn latency(best: &Found, target_ms: f64) -> String {
    let Found { measured_ms, predicted_ms, .. } = best;
    format!("{measured_ms:.2} ms measured, {predicted_ms:.2} ms predicted; target {target_ms} ms")
}

fn accuracy(best: &Found) -> String {
    let [low, high] = best.accuracy_interval.map(|accuracy| accuracy * 100.0);
    format!("{:.1} % ({low:.1} to {high:.1} %, 95 %)", best.accuracy * 100.0)
}
