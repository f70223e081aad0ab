//! Messages of a search while it runs and at its end.

use std::path::Path;
use std::time::Duration;

use controller::search::{
    Binding, Found, FoundForTarget, LatencyOf, Margin, Problem, Range, SearchSettings, Target,
    Trial, UnmetLimit, UnmetLimits, pareto_front,
};
use search_space::Statistic;

use super::results::Results;
use super::sources::{Accuracy, Latency, Sources};
use super::{known_table, next_steps};
use crate::measured::{self, percent};
use crate::readable::stages;
use crate::scatter::{self, Point};
use crate::screen::grouped;
use crate::tables::interpolation_words;

/// The range of latencies, and whether the targets bind in it.
pub(super) fn range(problem: &Problem<'_>, range: &Range, targets: &[Target]) -> String {
    let Range { fastest_ms, median_ms, slowest_ms } = range;
    let (name, place) = match problem.latency {
        LatencyOf::Device(_) => (&problem.domain.name, "on this device"),
        LatencyOf::Column(_) | LatencyOf::Unknown => (&problem.domain.name, "in the table"),
    };
    let mut text = format!(
        "{name} {place}: fastest {fastest_ms:.2} ms, median {median_ms:.2} ms, slowest \
         {slowest_ms:.2} ms"
    );
    let suggested = range.suggested_ms().map(|ms| format!("{ms:.3}")).join(", ");
    for target in targets {
        let target_ms = target.ms();
        match range.binding(*target) {
            Binding::Binds => {}
            Binding::DoesNotBind => {
                text += &format!(
                    "\nthe target of {target_ms} ms does not bind, since every network meets it;\n\
                     targets that bind: {suggested} ms"
                );
            }
            Binding::CannotBeMet => {
                text += &format!(
                    "\nno network meets {target_ms} ms, since the fastest takes {fastest_ms:.2} ms;\n\
                     targets that can be met: {suggested} ms"
                );
            }
        }
    }
    text
}

/// Which measured latencies are accepted under the targets.
pub(super) fn acceptance(targets: &[Target]) -> String {
    let max = |target: &Target| format!("{:.3}", target.max_measured_ms());
    let all = targets.iter().map(max).collect::<Vec<_>>().join(", ");
    let of = targets.first().map(|target| target.acceptance()).unwrap_or_default();
    let (percent, words) = (percent(of.margin), of.statistic.words());
    format!(
        "winners must be measured at {all} ms or less:\n\
         {percent} (--margin) below the target, {words} (--statistic)"
    )
}

/// Limits that no network meets.
pub(super) fn unmet(unmet: &UnmetLimits) -> String {
    let UnmetLimits { space, limits, below } = unmet;
    let text = |limit: &UnmetLimit| {
        let (name, max, min) = (limit.cost.name(), grouped(limit.max), grouped(limit.min));
        format!("{name}: found {max}; expected: at least {min}, the minimum in {space}")
    };
    match below.is_empty() {
        true => format!("no network of {space} was found that meets all limits at once: {limits}"),
        false => below.iter().map(text).collect::<Vec<_>>().join("; "),
    }
}

/// What the trials of an extended study search for; `None` if it was not extended.
pub(super) fn extension(settings: &SearchSettings) -> Option<String> {
    settings.earlier.last()?;
    let (first, all) = (grouped(settings.first_samples()), grouped(settings.samples));
    let goal = match settings.goal.targets() {
        [] => "accuracy".to_owned(),
        [target] => format!("accuracy under {} ms", target.ms()),
        _ => "accuracy under each target".to_owned(),
    };
    Some(format!(
        "the study of {first} trials is extended to {all};\nthe trials after the first {first} search for \
         {goal}"
    ))
}

/// The best trial under each target, or of all trials, for a progress bar.
pub(super) fn best_so_far(trials: &[Trial], targets: &[Target]) -> String {
    let best = |target: Option<Target>| {
        let feasible = trials.iter().filter(|trial| trial.meets(target));
        let best = feasible.max_by(|a, b| a.estimate.accuracy.total_cmp(&b.estimate.accuracy));
        match (best, target) {
            (Some(trial), _) => {
                let percent = trial.estimate.accuracy * 100.0;
                let at = trial.latency_ms.map_or(String::new(), |ms| format!(" at {ms:.2} ms"));
                format!("{percent:.2} %{at}")
            }
            (None, Some(target)) => format!("nothing under {} ms yet", target.ms()),
            (None, None) => "nothing yet".to_owned(),
        }
    };
    let texts: Vec<String> = match targets {
        [] => vec![best(None)],
        targets => targets.iter().map(|target| best(Some(*target))).collect(),
    };
    format!("best {}", texts.join(", "))
}

/// The front so far as a scatter plot: `o` for its networks, `*` for the best one under a target, and a
/// line at each target within or near the front. Empty without latencies.
pub(super) fn front(trials: &[Trial], targets: &[Target]) -> String {
    let place = |index: usize| {
        let trial = &trials[index];
        Some((trial.latency_ms?, 100.0 * trial.estimate.accuracy))
    };
    let front: Vec<(f64, f64)> = pareto_front(trials).into_iter().filter_map(place).collect();
    let (Some(&(fastest_ms, lowest)), Some(&(slowest_ms, highest))) = (front.first(), front.last())
    else {
        return String::new();
    };
    let best = |target: &Target| {
        let under = front.iter().rev().find(|(ms, _)| *ms <= target.ms())?;
        Some(Point { letter: '*', x: under.0, y: under.1 })
    };
    let among = |target: &&Target| (fastest_ms..=NEAR * slowest_ms).contains(&target.ms());
    let line = |target: &Target| {
        let x = target.ms();
        let y = move |step: u32| lowest + (highest - lowest) * f64::from(step) / LINE_STEPS;
        (0..=LINE_STEPS as u32).map(move |step| Point { letter: '|', x, y: y(step) })
    };
    let networks = front.iter().map(|&(x, y)| Point { letter: 'o', x, y });
    let points = targets.iter().filter_map(best).chain(networks);
    let points: Vec<Point> = points.chain(targets.iter().filter(among).flat_map(line)).collect();
    scatter::draw(&points, "ms, predicted", "accuracy (%) of the front so far")
}

/// Maximum ratio of a target to the slowest network of the front at which its line is drawn.
const NEAR: f64 = 1.5;
/// Number of points in a line of the scatter plot, less one.
const LINE_STEPS: f64 = 32.0;

/// A measured candidate, for a progress bar.
pub(super) fn candidate(trial: &Trial, measured_ms: f64) -> String {
    let percent = trial.estimate.accuracy * 100.0;
    let predicted = trial.latency_ms.map_or(String::new(), |ms| format!(", {ms:.2} predicted"));
    format!("{percent:.2} %: {measured_ms:.2} ms measured{predicted}")
}

/// The last screen.
pub(super) fn last(
    results: &Results<'_>,
    found: &[FoundForTarget],
    out: &Path,
    took: Duration,
) -> String {
    let mut parts: Vec<String> = Vec::new();
    for same in distinct(found) {
        parts.push(listed(&of_target(results, &same)));
        parts.extend(same[0].best.as_ref().and_then(|best| readable(results, best)));
    }
    let mut lines: Vec<(&str, String)> = notes(results, found);
    if !results.trials.is_empty() {
        let trials = grouped(results.trials.len());
        let extended = match results.settings.earlier.is_empty() {
            true => String::new(),
            false => {
                format!(" ({} before it was extended)", grouped(results.settings.first_samples()))
            }
        };
        let (seconds, out) = (took.as_secs_f64(), out.display());
        let text = format!("{trials} trials{extended} in {seconds:.0} s, {out}");
        lines.push(("study", text));
    }
    if !lines.is_empty() {
        parts.push(listed(&lines));
    }
    if !results.trials.is_empty() {
        parts.push(known_table::of(results, found));
        let mut lines = vec![("files", next_steps::files(results, found, out).join("\n"))];
        let commands = next_steps::commands(results, found, out);
        if !commands.is_empty() {
            lines.push(("next", commands.join("\n")));
        }
        parts.push(listed(&lines));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// Names with their values, whose further lines are indented.
fn listed(lines: &[(&str, String)]) -> String {
    let indented = format!("\n{:16}", "");
    let text =
        |(name, value): &(&str, String)| format!("{name:<16}{}", value.replace('\n', &indented));
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// The targets in groups that have the same winner.
pub(super) fn distinct(found: &[FoundForTarget]) -> Vec<Vec<&FoundForTarget>> {
    let genotype = |found: &FoundForTarget| found.best.as_ref().map(|best| best.genotype.clone());
    let mut groups: Vec<Vec<&FoundForTarget>> = Vec::new();
    for one in found {
        let same = |group: &&mut Vec<&FoundForTarget>| {
            one.best.is_some() && genotype(group[0]) == genotype(one)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// The winner, one line a stage; `None` if genotypes do not stand for networks.
fn readable(results: &Results<'_>, best: &Found) -> Option<String> {
    let space = results.sources.space.as_ref()?;
    let network = space.decode(&space.parse_genotype(&best.genotype).ok()?).ok()?;
    Some(stages(&network))
}

/// The winner of targets that share it.
fn of_target(results: &Results<'_>, same: &[&FoundForTarget]) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let found = same[0];
    match &found.best {
        Some(best) => {
            let name = &results.sources.domain.name;
            lines.push(("winner", format!("{name}:{}", best.genotype)));
            if let Some(target_ms) = found.target_ms {
                lines.push(("latency", latency(results.sources, best, target_ms)));
            }
            lines.extend(statistics(best, found.statistic).map(|text| ("", text)));
            let others =
                same[1..].iter().filter_map(|other| Some(format!("{} ms", other.target_ms?)));
            let others: Vec<String> = others.collect();
            if !others.is_empty() {
                lines.push(("also best under", others.join(", ")));
            }
            lines.push(("accuracy", accuracy(results.sources, best)));
        }
        None => {
            let less = found.margin.and_then(|share| Margin::new(share).ok());
            let less = less.map_or(String::new(), |margin| format!(" less {}", percent(margin)));
            let meets = found.target_ms.map_or(String::new(), |ms| format!(" meets {ms} ms{less}"));
            let fastest = results.range.map_or(String::new(), |range| {
                format!("; the fastest takes {:.2} ms", range.fastest_ms)
            });
            lines.push(("winner", format!("none{meets}{fastest}")));
        }
    }
    lines
}

/// What holds for all targets, and what differs between them only with some rewards.
fn notes(results: &Results<'_>, found: &[FoundForTarget]) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut by_reward: Vec<&Found> = Vec::new();
    for best in found.iter().filter_map(|for_target| for_target.best_by_reward.as_ref()) {
        if !by_reward.iter().any(|other| other.genotype == best.genotype) {
            by_reward.push(best);
        }
    }
    for best in by_reward {
        let ms = best.measured_ms.map_or(String::new(), |ms| format!(" at {ms:.2} ms"));
        let percent = best.accuracy * 100.0;
        let text = format!("{percent:.1} %{ms}, the trial with the greatest reward");
        lines.push(("best by reward", text));
        let all = best.measured.as_ref().map(|measured| measured::words(Statistic::All, measured));
        lines.extend(all.map(|text| ("", text)));
    }
    if results.trials.is_empty() {
        return lines;
    }
    if let Accuracy::Surrogate(_) = results.sources.accuracy {
        let text = "accuracies are estimates for a short ImageNet schedule,\nfor ranking only";
        lines.push(("surrogate", text.to_owned()));
    }
    if let Accuracy::Supernet(_) = results.sources.accuracy {
        let text = "accuracies are those of shared weights on held-out images,\nfor ranking only";
        lines.push(("supernet", text.to_owned()));
    }
    if let Accuracy::Proxy(proxy) = &results.sources.accuracy {
        let epochs = proxy.epochs();
        let text = format!(
            "accuracies are of {epochs} epochs or fewer, on held-out images,\nfor ranking only"
        );
        lines.push(("short trainings", text));
    }
    if let (Latency::Device(native), Some(space)) =
        (&results.sources.latency, &results.sources.space)
    {
        let text = match interpolation_words(&native.table, &space.units()) {
            Some(words) => format!("sums over blocks of this device;\n{words}"),
            None => {
                "sums over blocks that were all measured on this device;\nno block was estimated"
                    .to_owned()
            }
        };
        lines.push(("predictions", text));
    }
    lines.extend(results.sources.validation_words().map(|text| ("validation", text)));
    lines
}

/// What each statistic of a measurement is, whether it meets the target, and which one decides.
fn statistics(found: &Found, decides: Option<&str>) -> impl Iterator<Item = String> {
    let line = |statistic: Statistic| {
        let measured = found.measured.as_ref()?;
        let met = match found.meets.by(statistic) {
            Some(true) => ", meets it",
            Some(false) => ", misses it",
            None => "",
        };
        let decides = if decides == Some(statistic.name()) { " (decides)" } else { "" };
        Some(format!("{}{met}{decides}", measured::words(statistic, measured)))
    };
    let left_out = found.measured.as_ref().and_then(measured::left_out);
    let lines: Vec<String> = Statistic::ALL.into_iter().filter_map(line).chain(left_out).collect();
    lines.into_iter()
}

fn latency(sources: &Sources, best: &Found, target_ms: f64) -> String {
    let ms = |ms: Option<f64>| ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms:.2} ms"));
    match (sources.latency_words(), &sources.latency) {
        (Some(words), Latency::Column) => {
            format!("{}, {words}; target {target_ms} ms", ms(best.measured_ms))
        }
        _ => {
            let (measured, predicted) = (ms(best.measured_ms), ms(best.predicted_ms));
            format!("{measured} measured, {predicted} predicted; target {target_ms} ms")
        }
    }
}

fn accuracy(sources: &Sources, best: &Found) -> String {
    let percent = best.accuracy * 100.0;
    let [low, high] = best.accuracy_interval.map(|accuracy| accuracy * 100.0);
    match sources.accuracy {
        Accuracy::Surrogate(_) | Accuracy::Supernet(_) | Accuracy::Proxy(_) => {
            format!("{percent:.1} % ({low:.1} to {high:.1} %, 95 %)")
        }
        Accuracy::Table(_) => format!("{percent:.2} %, {}", sources.accuracy_words()),
    }
}
