//! What is searched: the genotypes, and the sources of their accuracies and latencies.

use search_space::Domain;
use search_space::{
    Genotype, LatencyError, LatencySource, MeasuredLatency, Network, NetworkCost, SearchSpace,
};

use crate::accuracy::surrogate::Prediction;
use crate::accuracy::{AccuracyError, AccuracySource, AccuracyTable, Estimate};
use crate::search::limits::Limits;
use crate::search::reward::{Target, meets};
use crate::search::settings::Goal;

/// A search problem: genotypes, with the sources of what can be known of each.
#[derive(Clone, Copy)]
pub struct Problem<'a> {
    /// The genotypes, and their text form.
    pub domain: &'a Domain,
    /// The space of the genotypes' networks; `None` if there are only the architectures of a table.
    pub space: Option<&'a SearchSpace>,
    /// The limits that no proposed network exceeds.
    pub limits: &'a Limits,
    /// The source of accuracies.
    pub accuracy: AccuracySource<'a>,
    /// The source of latencies.
    pub latency: LatencyOf<'a>,
}

/// The source of latencies.
#[derive(Clone, Copy)]
pub enum LatencyOf<'a> {
    /// The networks of the space are predicted and measured on a device.
    Device(&'a dyn LatencySource),
    /// The latency column of a table, which is not measured again.
    Column(&'a AccuracyTable),
    /// There are no latencies: only accuracy is searched for.
    Unknown,
}

/// A genotype that may be proposed, with its latency.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The genotype.
    pub genotype: Genotype,
    /// The predicted latency in milliseconds; `None` if there are no latencies.
    pub latency_ms: Option<f64>,
}

impl Problem<'_> {
    /// The candidate of a genotype. `None` if it cannot be proposed, because the table lacks it,
    /// its network cannot be lowered, or it exceeds a limit.
    ///
    /// # Errors
    /// Returns an error if a latency is not available.
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

    /// The best accuracy under the target, or of all genotypes without one. `None` if accuracies do
    /// not come from a table, or if nothing meets the target.
    ///
    /// # Errors
    /// Returns an error if a latency is not available.
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

    /// The best accuracy for each target, in order, or of all genotypes in a search for accuracy
    /// alone. `None` if one of them is unknown.
    ///
    /// # Errors
    /// Returns an error if a latency is not available.
    pub fn optima(&self, goal: &Goal) -> Result<Option<Vec<f64>>, LatencyError> {
        goal.each_target().into_iter().map(|target| self.optimum(target)).collect()
    }

    /// The network of a genotype. `None` if there is no space, or if the genotype cannot be decoded
    /// or its network cannot be lowered.
    pub fn network(&self, genotype: &Genotype) -> Option<Network> {
        self.space?.decode(genotype).ok().filter(|network| network.lower().is_ok())
    }

    /// The costs of a genotype's network. `None` as for [`Problem::network`].
    pub fn cost(&self, genotype: &Genotype) -> Option<NetworkCost> {
        let network = self.space?.decode(genotype).ok()?;
        network.lower().ok().map(|graph| graph.cost())
    }

    /// The accuracy of a genotype that is a candidate. The values of a table are taken as exact,
    /// with a standard error of 0.
    ///
    /// # Errors
    /// Returns an error if the network cannot be evaluated or trained.
    pub fn estimate(&self, genotype: &Genotype) -> Result<Estimate, AccuracyError> {
        Ok(match self.accuracy {
            AccuracySource::Surrogate(surrogate) => match surrogate.predict(genotype) {
                Ok(Prediction { accuracy, standard_error }) => {
                    Estimate { accuracy, standard_error }
                }
                // No candidate is a genotype of another space.
                Err(_) => Estimate { accuracy: 0.0, standard_error: 0.0 },
            },
            AccuracySource::Model(model) => model(genotype),
            AccuracySource::Supernet(supernet) => supernet.estimate(genotype)?,
            AccuracySource::Proxy(proxy) => proxy.estimate(genotype)?,
            AccuracySource::Untrained => return Err(AccuracyError::Untrained),
            AccuracySource::Table(table) => {
                let accuracy = table.get(genotype).map_or(0.0, |known| known.accuracy);
                Estimate { accuracy, standard_error: 0.0 }
            }
        })
    }

    /// Measures a genotype's network on the device.
    ///
    /// # Errors
    /// Returns an error if the genotype is not a candidate, if the device cannot run its network,
    /// or if there is no device to measure on.
    pub fn measure(&self, genotype: &Genotype) -> Result<MeasuredLatency, LatencyError> {
        let LatencyOf::Device(source) = self.latency else {
            return Err(self.latency_error(genotype, "there is no device to measure it on"));
        };
        let network = self.network(genotype);
        let unknown = || self.latency_error(genotype, "its network cannot be computed");
        source.measure(&network.ok_or_else(unknown)?)
    }

    pub(crate) fn latency_error(&self, genotype: &Genotype, message: &str) -> LatencyError {
        LatencyError { network: self.domain.text(genotype), message: message.to_owned() }
    }
}
