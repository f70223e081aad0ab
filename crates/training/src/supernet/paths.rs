//! The networks that an update of a supernet trains.

use search_space::{Genotype, SearchSpace};

use super::fairness::fair_paths_of;
use super::sandwich::{Extremes, sandwich_paths_of};
use crate::error::TrainingError;

/// How the paths of an update are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathSampling {
    /// Strict fairness: as many paths as the longest list has options, which use every option of a
    /// choice equally often (FairNAS, arXiv 1907.01845).
    #[default]
    StrictlyFair,
    /// The sandwich rule: the largest network, the smallest one and two random ones (Yu and Huang,
    /// arXiv 1903.05134, section 3.1), without distillation.
    Sandwich,
}

impl PathSampling {
    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrictlyFair => "strictly fair",
            Self::Sandwich => "sandwich",
        }
    }
}

/// The paths of all updates of a space's supernet.
#[derive(Clone, Debug)]
pub(super) enum Paths {
    StrictlyFair,
    Sandwich(Extremes),
}

impl Paths {
    /// # Errors
    /// [`TrainingError::Setting`] or [`TrainingError::Invalid`]: a space in which hardly any networks
    /// can be computed.
    pub(super) fn new(space: &SearchSpace, sampling: PathSampling) -> Result<Self, TrainingError> {
        Ok(match sampling {
            PathSampling::StrictlyFair => Self::StrictlyFair,
            PathSampling::Sandwich => Self::Sandwich(Extremes::of(space)?),
        })
    }

    /// The paths of an update.
    ///
    /// # Errors
    /// As of [`Paths::new`].
    pub(super) fn of(
        &self,
        space: &SearchSpace,
        seed: u64,
        update: u64,
    ) -> Result<Vec<Genotype>, TrainingError> {
        match self {
            Self::StrictlyFair => fair_paths_of(space, seed, update),
            Self::Sandwich(extremes) => sandwich_paths_of(space, extremes, seed, update),
        }
    }
}
