//! What is searched: which genotypes there are, and where their accuracies and latencies come from.

use search_space::Domain;
use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace};

use crate::accuracy::AccuracyTable;
use crate::accuracy::{AccuracySource, Estimate};
use crate::search::limits::Limits;
use crate::search::reward::{Target, meets};
use crate::search::settings::Goal;

/// Genotypes with what can be known of each.
#[derive(Clone, Copy)]
pub struct Problem<'a> {
    /// The genotypes, and their text form.
    pub domain: &'a Domain,
    /// The space whose networks they are; None where a table of digits is all there is.
    pub space: Option<&'a SearchSpace>,
    /// What no proposed network exceeds.
    pub limits: &'a Limits,
    /// Where accuracies come from.
    pub accuracy: AccuracySource<'a>,
    /// Where latencies come from.
    pub latency: LatencyOf<'a>,
}

/// Where latencies come from.
#[derive(Clone, Copy)]
pub enum LatencyOf<'a> {
    /// The space's networks, predicted and measured on a device.
    Device(&'a dyn LatencySource),
    /// The latency column of a table, which nothing measures again.
    Column(&'a AccuracyTable),
    /// There are none: accuracy alone is searched for.
    Unknown,
}

/// A genotype that may be proposed, with its latency.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The genotype.
    pub genotype: Genotype,
    /// Predicted latency in milliseconds; `None` where there are no latencies.
    pub latency_ms: Option<f64>,
}

impl Problem<'_> {
    /// None where a genotype is not to be proposed: a table lacks it, no kernel can compute it, or it
    /// exceeds a limit.
    ///
    /// # Errors
    /// A latency that cannot be had.
    pub fn candidate(&self, genotype: &Genotype) -> Result<Option<Candidate>, LatencyError> {
        if let AccuracySource::Table(table) = self.accuracy
            && table.get(genotype).is_none()
        {
            return Ok(None);
        }
        let network = self.network(genotype);
        if self.space.is_some() && !network.as_ref().is_some_and(|n| self.limits.allow(n)) {
            return Ok(None);
        }
        let latency_ms = match (self.latency, &network) {
            (LatencyOf::Device(source), Some(network)) => Some(source.predict_ms(network)?),
            (LatencyOf::Column(table), _) => table.get(genotype).and_then(|known| known.latency_ms),
            (LatencyOf::Device(_), None) => None,
            (LatencyOf::Unknown, _) => {
                return Ok(Some(Candidate { genotype: genotype.clone(), latency_ms: None }));
            }
        };
        Ok(latency_ms.map(|ms| Candidate { genotype: genotype.clone(), latency_ms: Some(ms) }))
    }

    /// The best accuracy that there is under the target, or of all where there is none; None where no
    /// table knows it, or nothing is under the target.
    ///
    /// # Errors
    /// A latency that cannot be had.
    pub fn optimum(&self, target: Option<Target>) -> Result<Option<f64>, LatencyError> {
        let AccuracySource::Table(table) = self.accuracy else { return Ok(None) };
        let mut best: Option<f64> = None;
        for (genotype, known) in table.rows() {
            let better = best.is_none_or(|best| known.accuracy > best);
            if better
                && let Some(candidate) = self.candidate(genotype)?
                && meets(candidate.latency_ms, target)
            {
                best = Some(known.accuracy);
            }
        }
        Ok(best)
    }

    /// The best accuracy for each target, in their order, or of all; `None` where no table knows them.
    ///
    /// # Errors
    /// A latency that cannot be had.
    pub fn optima(&self, goal: &Goal) -> Result<Option<Vec<f64>>, LatencyError> {
        let targets = match goal {
            Goal::Accuracy => vec![None],
            Goal::Targets { targets, .. } => targets.iter().copied().map(Some).collect(),
        };
        targets.into_iter().map(|target| self.optimum(target)).collect()
    }

    /// The network of a genotype; None where there is none, or no kernel can compute it.
    pub fn network(&self, genotype: &Genotype) -> Option<Network> {
        self.space?.decode(genotype).ok().filter(|network| network.lower().is_ok())
    }

    /// The accuracy of a genotype that is a candidate. A table's values are what they are: their
    /// standard error is 0.
    pub fn estimate(&self, genotype: &Genotype) -> Estimate {
        match self.accuracy {
            AccuracySource::Model(model) => model(genotype),
            AccuracySource::Table(table) => {
                let accuracy = table.get(genotype).map_or(0.0, |known| known.accuracy);
                Estimate { accuracy, standard_error: 0.0 }
            }
        }
    }

    /// The latency that decides which network wins: measured on the device, or the table's.
    ///
    /// # Errors
    /// A genotype that is no candidate, or that the device cannot run.
    pub fn measure_ms(&self, genotype: &Genotype) -> Result<f64, LatencyError> {
        let error = |message: &str| LatencyError {
            network: self.domain.text(genotype),
            message: message.to_owned(),
        };
        match self.latency {
            LatencyOf::Device(source) => {
                let network = self.network(genotype);
                source.measure_ms(&network.ok_or_else(|| error("no network can be computed"))?)
            }
            LatencyOf::Column(table) => {
                let known = table.get(genotype).and_then(|known| known.latency_ms);
                known.ok_or_else(|| error("the table has none"))
            }
            LatencyOf::Unknown => Err(error("this search has no latencies")),
        }
    }
}
