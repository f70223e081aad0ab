//! Accuracy sources: a surrogate fitted to trained networks, a table, a supernet, or short trainings.

mod architectures;
mod band_quality;
mod evaluations;
mod proxy;
mod rank_quality;
mod scale;
mod supernet;
pub mod surrogate;
mod table;

use search_space::Genotype;

use surrogate::Surrogate;

pub use band_quality::{BandQuality, BandVerdict, Interval};
pub use proxy::{ProxyAccuracy, ProxyPlan, Watch};
pub use rank_quality::{RankQuality, RankedNetwork, Taus};
pub use scale::Scale;
pub use supernet::{AccuracyError, SupernetAccuracy};
pub use table::{AccuracyTable, Known, TableColumns};

/// An accuracy with its uncertainty, both fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The accuracy.
    pub accuracy: f64,
    /// The standard error of the accuracy.
    pub standard_error: f64,
}

/// The 97.5th percentile of the normal distribution: intervals are of 95 %.
const TWO_SIDED_95: f64 = 1.96;

impl Estimate {
    /// The lower and upper limit of the 95 % confidence interval of the accuracy, within 0 and 1.
    pub fn interval(&self) -> [f64; 2] {
        let half = TWO_SIDED_95 * self.standard_error;
        [(self.accuracy - half).max(0.0), (self.accuracy + half).min(1.0)]
    }
}

/// The source of accuracies.
#[derive(Clone, Copy)]
pub enum AccuracySource<'a> {
    /// A surrogate of the space that is searched.
    Surrogate(&'a Surrogate),
    /// Another model that estimates every genotype.
    Model(&'a (dyn Fn(&Genotype) -> Estimate + Sync)),
    /// A supernet of the space that is searched.
    Supernet(&'a SupernetAccuracy),
    /// Short trainings of networks of the space that is searched.
    Proxy(&'a ProxyAccuracy),
    /// A supernet that is not trained yet: there are no accuracies.
    Untrained,
    /// A table; genotypes that it lacks are not proposed.
    Table(&'a AccuracyTable),
}
