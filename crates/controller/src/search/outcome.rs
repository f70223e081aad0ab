//! The outcome of a search: its winners with all that is known of them, and its CSV file.

use search_space::{MeasuredLatency, ReferenceGenotype, Statistic, reference_genotypes};
use serde::Serialize;

use crate::csv_text::{csv_text, optional};
use crate::search::elasticity::{Elasticity, elasticity};
use crate::search::pareto::pareto_front;
use crate::search::problem::{LatencyOf, Problem};
use crate::search::reward::Target;
use crate::search::settings::{Goal, SearchError};
use crate::search::trial::Trial;
use crate::search::winner::{TrialLatency, Winner, Winners};

/// A published genotype, evaluated with the sources of a search.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The genotype and its name.
    pub known: ReferenceGenotype,
    /// The predicted latency in milliseconds, or that of a table.
    pub latency_ms: f64,
    /// The accuracy, a fraction.
    pub accuracy: f64,
}

impl Problem<'_> {
    /// The published genotypes of the space that are candidates and have a latency.
    ///
    /// # Errors
    /// Returns an error if a latency or an accuracy is not available.
    pub fn references(&self) -> Result<Vec<Reference>, SearchError> {
        let mut references = Vec::new();
        for &known in reference_genotypes(self.space.map_or("", |space| &space.name)) {
            let Ok(genotype) = self.domain.parse(known.genotype) else { continue };
            let candidate = self.candidate(&genotype)?;
            if let Some(latency_ms) = candidate.and_then(|candidate| candidate.latency_ms) {
                let accuracy = self.estimate(&genotype)?.accuracy;
                references.push(Reference { known, latency_ms, accuracy });
            }
        }
        Ok(references)
    }
}

/// The outcome of a search for `goal`.
#[derive(Clone, Copy)]
pub struct Outcome<'a> {
    /// What was searched.
    pub problem: Problem<'a>,
    /// What was searched for.
    pub goal: &'a Goal,
    /// All trials in order.
    pub trials: &'a [Trial],
    /// The winners for each target, or for accuracy alone; empty if nothing was searched.
    pub winners: &'a [Winners],
    /// The candidates that were measured, with their latencies.
    pub measured: &'a [(Trial, TrialLatency)],
    /// Known networks to compare the trials with.
    pub references: &'a [Reference],
}

/// A winner with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The text form of its genotype.
    pub genotype: String,
    /// Its accuracy, a fraction.
    pub accuracy: f64,
    /// The limits of the 95 % confidence interval of the accuracy.
    pub accuracy_interval: [f64; 2],
    /// The predicted latency in milliseconds; `None` without latencies.
    pub predicted_ms: Option<f64>,
    /// The latency in milliseconds that is compared with the target; `None` without latencies.
    pub measured_ms: Option<f64>,
    /// The measurement; `None` where nothing was measured.
    pub measured: Option<MeasuredLatency>,
    /// Whether the measurement meets the target.
    pub meets: Meets,
    /// Its reward for the target.
    pub reward: f64,
}

/// Which statistics of a measurement meet the target, without a margin; `None` where that is not
/// known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meets {
    /// The median of the undisturbed runs.
    pub undisturbed: Option<bool>,
    /// The median of all runs.
    pub all: Option<bool>,
}

impl Meets {
    fn of(target: Option<Target>, measured: Option<&MeasuredLatency>) -> Self {
        let Some((target, measured)) = target.zip(measured) else { return Self::default() };
        let [undisturbed, all] =
            Statistic::ALL.map(|statistic| target.is_met_by(statistic, measured));
        Self { undisturbed, all }
    }

    /// Whether a statistic meets the target.
    pub fn by(self, statistic: Statistic) -> Option<bool> {
        match statistic {
            Statistic::Undisturbed => self.undisturbed,
            Statistic::All => self.all,
        }
    }
}

/// What was found for a target, or for accuracy alone. A winner is a [`Found`], to which a report may
/// add.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundForTarget<W = Found> {
    /// The target in milliseconds; `None` in a search for accuracy alone.
    pub target_ms: Option<f64>,
    /// The latency in milliseconds up to which a measured winner is accepted; `None` where nothing is
    /// measured.
    pub max_measured_ms: Option<f64>,
    /// The margin below the target as a share of it; `None` where nothing is measured.
    pub margin: Option<f64>,
    /// The name of the statistic that decides; `None` where nothing is measured.
    pub statistic: Option<&'static str>,
    /// The number of trials whose predicted latency meets the target.
    pub feasible: usize,
    /// The exponent of the soft reward at which the target would be optimal.
    pub elasticity: Option<Elasticity>,
    /// The most accurate network that meets the target.
    pub best: Option<W>,
    /// The network with the greatest reward.
    pub best_by_reward: Option<W>,
}

impl Outcome<'_> {
    /// What was found for each target, or for accuracy alone, also if nothing was searched.
    pub fn found_for_targets(&self) -> Vec<FoundForTarget> {
        let is_measured = matches!(self.problem.latency, LatencyOf::Device(_));
        let of = |target: Option<Target>| {
            let winners = self.winners.iter().find(|winners| winners.target == target);
            let found = |winner: Option<&Winner>| winner.map(|winner| self.found(winner, target));
            let measured = target.filter(|_| is_measured);
            FoundForTarget {
                target_ms: target.map(Target::ms),
                max_measured_ms: measured.map(Target::max_measured_ms),
                margin: measured.map(|target| target.acceptance().margin.share()),
                statistic: measured.map(|target| target.acceptance().statistic.name()),
                feasible: self.trials.iter().filter(|trial| trial.meets(target)).count(),
                elasticity: target.and_then(|target| elasticity(self.trials, target)),
                best: found(winners.and_then(|winners| winners.best.as_ref())),
                best_by_reward: found(winners.and_then(|winners| winners.best_by_reward.as_ref())),
            }
        };
        self.goal.each_target().into_iter().map(of).collect()
    }

    fn found(&self, winner: &Winner, target: Option<Target>) -> Found {
        let Trial { genotype, latency_ms, estimate, .. } = &self.trials[winner.trial];
        Found {
            genotype: self.problem.domain.text(genotype),
            accuracy: estimate.accuracy,
            accuracy_interval: estimate.interval(),
            predicted_ms: *latency_ms,
            measured_ms: winner.measured_ms,
            measured: winner.measured,
            meets: Meets::of(target, winner.measured.as_ref()),
            reward: self.goal.reward(estimate.accuracy, *latency_ms, target),
        }
    }

    /// The CSV file of all trials, with those of the front marked, and then the references. The rewards
    /// of the references are those for the first target.
    pub fn pareto_csv(&self) -> String {
        let own = ["kind", "trial", "genotype", "predicted_ms", "accuracy", "standard_error"];
        let header =
            [&own[..], &["reward", "on_front", "measured_ms"], &MeasuredLatency::COLUMNS].concat();
        let mut is_on_front = vec![false; self.trials.len()];
        pareto_front(self.trials).into_iter().for_each(|index| is_on_front[index] = true);
        let trials = self.trials.iter().enumerate().map(|(index, trial)| {
            let latency = self.latency_of(index);
            let measured = latency.and_then(|latency| latency.measured);
            let cells = [
                trial.phase.name().to_owned(),
                index.to_string(),
                self.problem.domain.text(&trial.genotype),
                optional(trial.latency_ms),
                trial.estimate.accuracy.to_string(),
                trial.estimate.standard_error.to_string(),
                trial.reward.to_string(),
                u8::from(is_on_front[index]).to_string(),
                optional(latency.map(|latency| latency.ms)),
            ];
            let measured = measured.map_or([None; 4], |measured| measured.values());
            cells.into_iter().chain(measured.map(optional)).collect()
        });
        let first = self.goal.targets().first().copied();
        let references = self.references.iter().map(|reference| {
            let Reference { known, latency_ms, accuracy } = reference;
            let mut cells = vec![String::new(); header.len()];
            known.name.clone_into(&mut cells[0]);
            known.genotype.clone_into(&mut cells[2]);
            cells[3] = latency_ms.to_string();
            cells[4] = accuracy.to_string();
            cells[6] = self.goal.reward(*accuracy, Some(*latency_ms), first).to_string();
            cells
        });
        csv_text(&header, trials.chain(references))
    }

    /// The latency of a trial's whole network, if it won or was a candidate.
    fn latency_of(&self, index: usize) -> Option<TrialLatency> {
        let winners = self.winners.iter();
        let winners = winners.flat_map(|of| [&of.best, &of.best_by_reward]).flatten();
        let won = winners.filter(|winner| winner.trial == index).find_map(|winner| {
            Some(TrialLatency { ms: winner.measured_ms?, measured: winner.measured })
        });
        let genotype = &self.trials[index].genotype;
        let candidate = || self.measured.iter().find(|(trial, _)| trial.genotype == *genotype);
        won.or_else(|| candidate().map(|(_, latency)| *latency))
    }
}
