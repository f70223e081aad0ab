//! The results of a search: JSON and files.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use controller::search::{
    Elasticity, Goal, Range, SearchSettings, Target, Trial, TrialLatency, Winner, Winners,
    elasticity, pareto_front,
};
use report::{Cell, write_atomically, write_csv};
use search_space::{MeasuredLatency, Network, SearchSpace, Statistic};
use serde::Serialize;

use super::references::{Known, Reference};
use super::sources::Sources;
use super::{figures, readme, screen};
use crate::args::Global;
use crate::commands::export;
use crate::measured;
use crate::readable;

/// The 97.5th percentile of the normal distribution: intervals are of 95 %.
const TWO_SIDED_95: f64 = 1.96;

/// Everything that is printed, plotted and written.
pub(super) struct Results<'a> {
    pub(super) sources: &'a Sources,
    pub(super) settings: SearchSettings,
    /// `None` without latencies.
    pub(super) range: Option<Range>,
    pub(super) trials: Vec<Trial>,
    /// Winners for each target, or for accuracy alone; empty if nothing was searched.
    pub(super) winners: Vec<Winners>,
    /// Candidates with their measured latencies.
    pub(super) measured: Vec<(Trial, TrialLatency)>,
    /// Trials of a random search with as many samples.
    pub(super) random: Vec<Trial>,
    pub(super) references: Vec<Reference>,
    /// Known networks to compare the winners with, fastest first.
    pub(super) known: Vec<Known>,
}

/// A winner as JSON and the screen show it.
#[derive(Serialize)]
pub(super) struct Found {
    /// Its RON file; `None` if genotypes do not stand for networks.
    pub(super) network: Option<String>,
    pub(super) genotype: String,
    pub(super) accuracy: f64,
    pub(super) accuracy_interval: [f64; 2],
    pub(super) predicted_ms: Option<f64>,
    /// The latency that is compared with the target.
    pub(super) measured_ms: Option<f64>,
    /// The measurement; `None` where nothing was measured.
    pub(super) measured: Option<MeasuredLatency>,
    pub(super) meets: Meets,
    pub(super) reward: f64,
}

/// Which statistics of a measurement meet the target; `None` where that is not known.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Meets {
    pub(super) undisturbed: Option<bool>,
    pub(super) all: Option<bool>,
}

impl Meets {
    fn of(target: Option<Target>, measured: Option<&MeasuredLatency>) -> Self {
        let Some((target, measured)) = target.zip(measured) else { return Self::default() };
        Self {
            undisturbed: target.is_met_by(Statistic::Undisturbed, measured),
            all: target.is_met_by(Statistic::All, measured),
        }
    }

    pub(super) fn by(self, statistic: Statistic) -> Option<bool> {
        match statistic {
            Statistic::Undisturbed => self.undisturbed,
            Statistic::All => self.all,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    seconds: f64,
    trials: usize,
    references: &'a [Known],
    range: Option<Range>,
    #[serde(flatten)]
    found: OneOrMany,
}

/// With one target, its keys are on the level of the other keys.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Box<FoundForTarget>),
    Many { targets: Vec<FoundForTarget> },
}

/// The results for a target, or for accuracy alone.
#[derive(Serialize)]
pub(super) struct FoundForTarget {
    pub(super) target_ms: Option<f64>,
    /// The measured latency up to which a winner is accepted, and what of a measurement is compared
    /// with it; `None` where nothing is measured.
    pub(super) max_measured_ms: Option<f64>,
    pub(super) margin: Option<f64>,
    pub(super) statistic: Option<&'static str>,
    pub(super) feasible: usize,
    pub(super) elasticity: Option<Elasticity>,
    pub(super) best: Option<Found>,
    pub(super) best_by_reward: Option<Found>,
}

impl<'a> Results<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        settings: SearchSettings,
        range: Option<Range>,
    ) -> Self {
        let (trials, winners, measured) = (Vec::new(), Vec::new(), Vec::new());
        let (random, references, known) = (Vec::new(), Vec::new(), Vec::new());
        Self { sources, settings, range, trials, winners, measured, random, references, known }
    }
}

impl Results<'_> {
    /// A winner; `file` is its RON file in the output folder.
    fn found(&self, winner: Option<&Winner>, target: Option<Target>, file: &Path) -> Option<Found> {
        let winner = winner?;
        let trial = &self.trials[winner.trial];
        let accuracy = trial.estimate.accuracy;
        let interval = TWO_SIDED_95 * trial.estimate.standard_error;
        Some(Found {
            network: self.sources.space.as_ref().map(|_| file.display().to_string()),
            genotype: self.sources.domain.text(&trial.genotype),
            accuracy,
            accuracy_interval: [(accuracy - interval).max(0.0), (accuracy + interval).min(1.0)],
            predicted_ms: trial.latency_ms,
            measured_ms: winner.measured_ms,
            measured: winner.measured,
            meets: Meets::of(target, winner.measured.as_ref()),
            reward: self.reward(accuracy, trial.latency_ms, target),
        })
    }

    /// The reward, which is the accuracy where there is no target or latency.
    fn reward(&self, accuracy: f64, latency_ms: Option<f64>, target: Option<Target>) -> f64 {
        match (&self.settings.goal, latency_ms.zip(target)) {
            (Goal::Targets { reward, .. }, Some((ms, target))) => reward.of(accuracy, ms, target),
            _ => accuracy,
        }
    }

    /// Each target of the search, or `None` for accuracy alone.
    pub(super) fn targets(&self) -> Vec<Option<Target>> {
        match &self.settings.goal {
            Goal::Accuracy => vec![None],
            Goal::Targets { targets, .. } => targets.iter().copied().map(Some).collect(),
        }
    }

    /// The results for each target, also if nothing was searched.
    fn found_for_targets(&self, out: &Path) -> Vec<FoundForTarget> {
        let of = |target: Option<Target>| {
            let winners = self.winners.iter().find(|winners| winners.target == target);
            let found = |winner: Option<&Winner>, name: &str| {
                self.found(winner, target, &out.join(self.file_name(name, target, "ron")))
            };
            let elasticity = target.and_then(|target| elasticity(&self.trials, target));
            let measured = target.filter(|_| self.sources.measures());
            FoundForTarget {
                target_ms: target.map(Target::ms),
                max_measured_ms: measured.map(Target::max_measured_ms),
                margin: measured.map(|target| target.acceptance().margin.share()),
                statistic: measured.map(|target| target.acceptance().statistic.name()),
                feasible: self.trials.iter().filter(|trial| trial.meets(target)).count(),
                elasticity,
                best: found(winners.and_then(|w| w.best.as_ref()), "best"),
                best_by_reward: found(
                    winners.and_then(|w| w.best_by_reward.as_ref()),
                    "best_by_reward",
                ),
            }
        };
        self.targets().into_iter().map(of).collect()
    }

    /// The name of a result's file; with several targets, each target has files of its own.
    fn file_name(&self, name: &str, target: Option<Target>, extension: &str) -> String {
        match (target, self.settings.goal.targets().len()) {
            (Some(target), 2..) => format!("{name}-{}ms.{extension}", target.ms()),
            _ => format!("{name}.{extension}"),
        }
    }

    pub(super) fn print(&self, global: &Global, out: &Path, took: Duration) -> Result<()> {
        let mut found = self.found_for_targets(out);
        if !self.trials.is_empty() {
            readme::write(self, &found, out, took)?;
        }
        if !global.json {
            outln!("{}", screen::last(self, &found, out, took));
            return Ok(());
        }
        crate::screen::print_json(&Report {
            out: out.display().to_string(),
            seconds: took.as_secs_f64(),
            trials: self.trials.len(),
            references: &self.known,
            range: self.range,
            found: match found.len() {
                1 => OneOrMany::One(Box::new(found.remove(0))),
                _ => OneOrMany::Many { targets: found },
            },
        })
    }

    /// Writes networks, CSV file and figures, each completely or not at all.
    pub(super) fn write(&self, out: &Path) -> Result<()> {
        if let Some(space) = &self.sources.space {
            self.write_networks(space, out)?;
        }
        self.write_csv(&out.join("pareto.csv"))?;
        figures::write(self, out)
    }

    fn write_networks(&self, space: &SearchSpace, out: &Path) -> Result<()> {
        for Winners { target, best, best_by_reward } in &self.winners {
            let network = |winner: &Winner| space.decode(&self.trials[winner.trial].genotype);
            for (winner, name) in [(best, "best"), (best_by_reward, "best_by_reward")] {
                let Some(winner) = winner else { continue };
                let path = out.join(self.file_name(name, *target, "ron"));
                let network = network(winner)?;
                let comment = self.comment(&network, winner, *target);
                write_atomically(
                    &path,
                    readable::commented(&comment, &network.to_ron()).as_bytes(),
                )?;
            }
            if let Some(best) = best {
                let path = out.join(self.file_name("best-untrained", *target, "onnx"));
                export::write_untrained(&path, &network(best)?, self.settings.seed)?;
            }
        }
        Ok(())
    }

    /// What a winner's file says before its network.
    fn comment(&self, network: &Network, winner: &Winner, target: Option<Target>) -> String {
        let trial = &self.trials[winner.trial];
        let percent = 100.0 * trial.estimate.accuracy;
        let mut text = format!("Accuracy: {percent:.1} %, {}.\n", self.sources.accuracy_words());
        let ms = [(winner.measured_ms, "measured"), (trial.latency_ms, "predicted")];
        let ms = ms.iter().filter_map(|(ms, word)| Some(format!("{:.2} ms {word}", (*ms)?)));
        let ms: Vec<String> = ms.collect();
        if !ms.is_empty() {
            text += &format!("Latency: {}", ms.join(", "));
            text += &target.map_or(String::new(), |target| format!("; target {} ms", target.ms()));
            text += ".\n";
        }
        if let Some(measured) = &winner.measured {
            let statistics = Statistic::ALL.map(|statistic| measured::words(statistic, measured));
            let lines = statistics.into_iter().chain(measured::left_out(measured));
            text.extend(lines.map(|line| format!("  {line}\n")));
        }
        if let Some(device) = self.sources.device_words() {
            text += &format!("Device: {device}.\n");
        }
        format!("{text}\n{}", readable::stages(network))
    }

    /// Writes all trials, with those of the front marked, and then the references.
    fn write_csv(&self, path: &Path) -> Result<()> {
        let own = ["kind", "trial", "genotype", "predicted_ms", "accuracy", "standard_error"];
        let header =
            [&own[..], &["reward", "on_front", "measured_ms"], &measured::COLUMNS].concat();
        let front = pareto_front(&self.trials);
        let mut on_front = vec![0_u64; self.trials.len()];
        front.iter().for_each(|&index| on_front[index] = 1);
        let measured = |index: usize, trial: &Trial| {
            let winners = self.winners.iter().flat_map(|w| [&w.best, &w.best_by_reward]).flatten();
            let won = winners.filter(|winner| winner.trial == index).find_map(|winner| {
                Some(TrialLatency { ms: winner.measured_ms?, measured: winner.measured })
            });
            let candidate = |(other, latency): &(Trial, TrialLatency)| {
                (other.genotype == trial.genotype).then_some(*latency)
            };
            won.or_else(|| self.measured.iter().find_map(candidate))
        };
        let trials = self.trials.iter().enumerate().map(|(index, trial)| {
            let latency = measured(index, trial);
            let cells = vec![
                Cell::from(trial.phase.name()),
                Cell::Count(index as u64),
                Cell::from(self.sources.domain.text(&trial.genotype)),
                Cell::from(trial.latency_ms),
                Cell::Number(trial.estimate.accuracy),
                Cell::Number(trial.estimate.standard_error),
                Cell::Number(trial.reward),
                Cell::Count(on_front[index]),
                Cell::from(latency.map(|latency| latency.ms)),
            ];
            let measured = latency.and_then(|latency| latency.measured);
            cells.into_iter().chain(measured::cells(measured.as_ref())).collect()
        });
        let references = self.references.iter().map(|reference| {
            let (ms, accuracy) = (reference.latency_ms, reference.accuracy);
            let cells = vec![
                Cell::from(reference.known.name),
                Cell::Empty,
                Cell::from(reference.known.genotype),
                Cell::Number(ms),
                Cell::Number(accuracy),
                Cell::Empty,
                Cell::Number(self.reward(accuracy, Some(ms), self.targets()[0])),
                Cell::Empty,
                Cell::Empty,
            ];
            cells.into_iter().chain(measured::cells(None)).collect()
        });
        Ok(write_csv(path, &header, trials.chain(references))?)
    }
}
