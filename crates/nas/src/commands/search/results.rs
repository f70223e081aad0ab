//! The results of a search: JSON and files.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use controller::search::{
    Found, FoundForTarget, Outcome, Range, Reference, SearchSettings, Target, Trial, TrialLatency,
    Winner, Winners,
};
use latency_predictor::Validation;
use report::write_atomically;
use search_space::{Network, SearchSpace, Statistic};
use serde::Serialize;

use super::adapted::AdaptedToTarget;
use super::finals::{self, Trained};
use super::references::Known;
use super::sources::Sources;
use super::{figures, readme, screen};
use crate::args::Global;
use crate::commands::export;
use crate::measured;
use crate::readable;

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
    /// The winners trained from scratch, with their baselines.
    pub(super) trained: Vec<Trained>,
    /// What NetAdapt made of slower networks, for each target.
    pub(super) adapted: Vec<AdaptedToTarget>,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    seconds: f64,
    trials: usize,
    references: &'a [Known],
    range: Option<Range>,
    /// How well predictions of the latency table matched measurements.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<&'a Validation>,
    /// The winners trained from scratch, beside their baselines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trained: &'a Vec<Trained>,
    /// What NetAdapt made of slower networks, for each target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adapted: &'a Vec<AdaptedToTarget>,
    #[serde(flatten)]
    found: OneOrMany,
}

/// With one target, its keys are on the level of the other keys.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Box<FoundForTarget<FoundInFile>>),
    Many { targets: Vec<FoundForTarget<FoundInFile>> },
}

/// A winner with its RON file, which is `None` if genotypes do not stand for networks.
#[derive(Serialize)]
struct FoundInFile {
    network: Option<String>,
    #[serde(flatten)]
    found: Found,
}

impl<'a> Results<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        settings: SearchSettings,
        range: Option<Range>,
    ) -> Self {
        let (trials, winners, measured) = (Vec::new(), Vec::new(), Vec::new());
        let (random, references, known) = (Vec::new(), Vec::new(), Vec::new());
        let (trained, adapted) = (Vec::new(), Vec::new());
        Self {
            sources,
            settings,
            range,
            trials,
            winners,
            measured,
            random,
            references,
            known,
            trained,
            adapted,
        }
    }
}

impl Results<'_> {
    fn outcome(&self) -> Outcome<'_> {
        let Self { settings, trials, winners, measured, references, .. } = self;
        let (problem, goal) = (self.sources.problem(), &settings.goal);
        Outcome { problem, goal, trials, winners, measured, references }
    }

    /// The RON file of a winner; `None` if genotypes do not stand for networks.
    pub(super) fn network_file(
        &self,
        name: &str,
        target_ms: Option<f64>,
        out: &Path,
    ) -> Option<String> {
        let file = out.join(self.file_name(name, target_ms, "ron"));
        self.sources.space.as_ref().map(|_| file.display().to_string())
    }

    /// The name of a result's file; with several targets, each target has files of its own.
    pub(super) fn file_name(&self, name: &str, target_ms: Option<f64>, extension: &str) -> String {
        match (target_ms, self.settings.goal.targets().len()) {
            (Some(target_ms), 2..) => format!("{name}-{target_ms}ms.{extension}"),
            _ => format!("{name}.{extension}"),
        }
    }

    /// The same with the files of the winners, for JSON.
    fn in_files(&self, all: FoundForTarget, out: &Path) -> FoundForTarget<FoundInFile> {
        let FoundForTarget { target_ms, max_measured_ms, margin, statistic, .. } = all;
        let FoundForTarget { feasible, elasticity, best, best_by_reward, .. } = all;
        let in_file = |found: Found, name: &str| FoundInFile {
            network: self.network_file(name, target_ms, out),
            found,
        };
        FoundForTarget {
            target_ms,
            max_measured_ms,
            margin,
            statistic,
            feasible,
            elasticity,
            best: best.map(|found| in_file(found, "best")),
            best_by_reward: best_by_reward.map(|found| in_file(found, "best_by_reward")),
        }
    }

    pub(super) fn print(&self, global: &Global, out: &Path, took: Duration) -> Result<()> {
        let found = self.outcome().found_for_targets();
        if !self.trials.is_empty() {
            readme::write(self, &found, out, took)?;
        }
        if !global.json {
            outln!("{}", screen::last(self, &found, out, took));
            for trained in &self.trained {
                outln!("\n{}", finals::lines(trained));
            }
            for adapted in &self.adapted {
                outln!("\n{}", adapted.lines());
            }
            return Ok(());
        }
        let found = found.into_iter().map(|found| self.in_files(found, out));
        let mut found: Vec<FoundForTarget<FoundInFile>> = found.collect();
        crate::screen::print_json(&Report {
            out: out.display().to_string(),
            seconds: took.as_secs_f64(),
            trials: self.trials.len(),
            references: &self.known,
            range: self.range,
            validation: self.sources.validation(),
            trained: &self.trained,
            adapted: &self.adapted,
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
        write_atomically(&out.join("pareto.csv"), self.outcome().pareto_csv().as_bytes())?;
        figures::write(self, out)
    }

    fn write_networks(&self, space: &SearchSpace, out: &Path) -> Result<()> {
        for Winners { target, best, best_by_reward } in &self.winners {
            let target_ms = target.map(Target::ms);
            let network = |winner: &Winner| space.decode(&self.trials[winner.trial].genotype);
            for (winner, name) in [(best, "best"), (best_by_reward, "best_by_reward")] {
                let Some(winner) = winner else { continue };
                let path = out.join(self.file_name(name, target_ms, "ron"));
                let network = network(winner)?;
                let comment = self.comment(&network, winner, *target);
                write_atomically(&path, network.to_commented_ron(&comment).as_bytes())?;
            }
            if let Some(best) = best {
                let path = out.join(self.file_name("best-untrained", target_ms, "onnx"));
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
}
