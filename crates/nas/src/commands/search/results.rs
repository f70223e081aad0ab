//! What a search found: JSON, files.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use controller::{Half, Range, Reward, SearchSettings, Trial, Winner, pareto_front};
use latency_predictor::Setup;
use report::{Cell, write_atomically, write_csv};
use search_space::SearchSpace;
use serde::Serialize;

use super::references::Reference;
use super::{figures, screen};
use crate::args::Global;
use crate::commands::export;

/// The 97.5th percentile of the normal distribution: intervals are of 95 %.
const TWO_SIDED_95: f64 = 1.96;

/// Everything that is printed, plotted and written.
pub(super) struct Results<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) settings: SearchSettings,
    pub(super) range: Range,
    pub(super) trials: Vec<Trial>,
    pub(super) best: Option<Winner>,
    pub(super) best_by_reward: Option<Winner>,
    /// Candidates with their measured latencies in milliseconds.
    pub(super) measured: Vec<(Trial, f64)>,
    /// Random search with as many samples.
    pub(super) random: Vec<Trial>,
    pub(super) references: Vec<Reference>,
    pub(super) setup: Setup,
}

/// A network as JSON and the screen show it.
#[derive(Serialize)]
pub(super) struct Found {
    pub(super) network: String,
    pub(super) genotype: String,
    pub(super) accuracy: f64,
    pub(super) accuracy_interval: [f64; 2],
    pub(super) predicted_ms: f64,
    pub(super) measured_ms: f64,
    pub(super) reward: f64,
}

#[derive(Serialize)]
struct RangeMs {
    fastest_ms: f64,
    median_ms: f64,
    slowest_ms: f64,
}

#[derive(Serialize)]
struct Report {
    out: String,
    seconds: f64,
    trials: usize,
    feasible: usize,
    range: RangeMs,
    best: Option<Found>,
    best_by_reward: Option<Found>,
}

impl Results<'_> {
    /// A winner; `file` is its RON file in the output folder.
    pub(super) fn found(&self, winner: Option<&Winner>, file: &Path) -> Option<Found> {
        let winner = winner?;
        let trial = &self.trials[winner.trial];
        let accuracy = trial.estimate.accuracy;
        let half = TWO_SIDED_95 * trial.estimate.standard_error;
        Some(Found {
            network: file.display().to_string(),
            genotype: trial.genotype.to_string(),
            accuracy,
            accuracy_interval: [(accuracy - half).max(0.0), (accuracy + half).min(1.0)],
            predicted_ms: trial.latency_ms,
            measured_ms: winner.measured_ms,
            reward: trial.reward,
        })
    }

    /// Prints the JSON object, or the last screen.
    pub(super) fn print(&self, global: &Global, out: &Path, took: Duration) -> Result<()> {
        let best = self.found(self.best.as_ref(), &out.join("best.ron"));
        let by_reward = self.found(self.best_by_reward.as_ref(), &out.join("best_by_reward.ron"));
        if !global.json {
            println!("{}", screen::last(self, best.as_ref(), by_reward.as_ref(), out, took));
            return Ok(());
        }
        let Range { fastest_ms, median_ms, slowest_ms } = self.range;
        let target_ms = self.settings.target.ms();
        crate::screen::print_json(&Report {
            out: out.display().to_string(),
            seconds: took.as_secs_f64(),
            trials: self.trials.len(),
            feasible: self.trials.iter().filter(|trial| trial.latency_ms <= target_ms).count(),
            range: RangeMs { fastest_ms, median_ms, slowest_ms },
            best,
            best_by_reward: by_reward,
        })
    }

    /// Writes networks, CSV and figures, each as a whole or not at all.
    pub(super) fn write(&self, out: &Path) -> Result<()> {
        let winners = [(&self.best, "best.ron"), (&self.best_by_reward, "best_by_reward.ron")];
        for (winner, file) in winners {
            if let Some(winner) = winner {
                let network = self.space.decode(&self.trials[winner.trial].genotype)?;
                write_atomically(&out.join(file), network.to_ron().as_bytes())?;
            }
        }
        if let Some(best) = &self.best {
            let network = self.space.decode(&self.trials[best.trial].genotype)?;
            let path = out.join("best-untrained.onnx");
            export::write_untrained(&path, &network, self.settings.seed)?;
        }
        self.write_csv(&out.join("pareto.csv"))?;
        figures::write(self, out)
    }

    /// All trials, those of the front marked, then the references.
    fn write_csv(&self, path: &Path) -> Result<()> {
        let header = [
            "kind",
            "trial",
            "genotype",
            "predicted_ms",
            "accuracy",
            "standard_error",
            "reward",
            "on_front",
            "measured_ms",
        ];
        let front = pareto_front(&self.trials);
        let mut on_front = vec![0_u64; self.trials.len()];
        front.iter().for_each(|&index| on_front[index] = 1);
        let measured_ms = |index: usize, trial: &Trial| {
            let winners = [&self.best, &self.best_by_reward].into_iter().flatten();
            let won = winners.filter(|winner| winner.trial == index).map(|w| w.measured_ms).next();
            let candidate =
                |(other, ms): &(Trial, f64)| (other.genotype == trial.genotype).then_some(*ms);
            won.or_else(|| self.measured.iter().find_map(candidate))
        };
        let trials = self.trials.iter().enumerate().map(|(index, trial)| {
            let half = match trial.half {
                Half::Reward => "reward",
                Half::Target => "target",
            };
            vec![
                Cell::from(half),
                Cell::Count(index as u64),
                Cell::from(trial.genotype.to_string()),
                Cell::Number(trial.latency_ms),
                Cell::Number(trial.estimate.accuracy),
                Cell::Number(trial.estimate.standard_error),
                Cell::Number(trial.reward),
                Cell::Count(on_front[index]),
                Cell::from(measured_ms(index, trial)),
            ]
        });
        let references = self.references.iter().map(|reference| {
            let reward: Reward = self.settings.reward;
            let (ms, accuracy) = (reference.latency_ms, reference.accuracy);
            vec![
                Cell::from(reference.name),
                Cell::Empty,
                Cell::from(reference.genotype),
                Cell::Number(ms),
                Cell::Number(accuracy),
                Cell::Empty,
                Cell::Number(reward.of(accuracy, ms, self.settings.target)),
                Cell::Empty,
                Cell::Empty,
            ]
        });
        Ok(write_csv(path, &header, trials.chain(references))?)
    }
}
