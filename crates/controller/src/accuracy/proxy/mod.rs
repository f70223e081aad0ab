//! Accuracies by short trainings from scratch, MnasNet's proxy task (Tan et al., arXiv 1807.11626,
//! section 4). Networks that fall behind are trained no further (successive halving, Jamieson and
//! Talwalkar, arXiv 1502.07943).

mod rungs;
mod train;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use search_space::{Domain, Genotype, SearchSpace};
use training::fit::{FitData, FitPlan, FitSettings};
use training::{Placement, TrainingError};

use super::evaluations::{Evaluations, TABLE};
use crate::accuracy::{AccuracyError, Estimate};
use crate::study::StudySettings;
use crate::study::database::Schema;

use rungs::RUNGS_TABLE;

/// The name of the database of evaluations in an output folder.
const FILE_NAME: &str = "proxies.sqlite";
/// The folder of the trainings that are under way.
const TRAININGS: &str = "proxy-trainings";

/// How networks are trained for an estimate of their accuracies.
#[derive(Clone, Debug)]
pub struct ProxyPlan {
    /// The deployed space, with the classes of the data.
    pub space: SearchSpace,
    /// The images, with a hold-out.
    pub data: FitData,
    /// The settings of each training. [`FitSettings::epochs`] is what promising networks get.
    pub settings: FitSettings,
    /// The total number of threads; at most as many networks are trained at a time.
    pub threads: usize,
}

/// Asked between the steps of trainings whether to go on.
pub type Watch = fn() -> ControlFlow<()>;

/// The accuracy source that trains each network from scratch for a few epochs and evaluates it on the
/// hold-out. The folder of the study keeps the evaluations, so that none is made twice, and the
/// trainings that are under way.
#[derive(Debug)]
pub struct ProxyAccuracy {
    plan: ProxyPlan,
    domain: Domain,
    folder: PathBuf,
    evaluations: Evaluations,
    watch: Watch,
}

impl ProxyPlan {
    /// Checks that space, images and settings fit together.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: images with one class, without a hold-out, or with other channels
    /// than the space has; a setting that is out of range.
    pub fn check(&self) -> Result<(), TrainingError> {
        training::supernet::check_fit(&self.space, &self.data)?;
        self.of(&self.first_legal()?, 1).map(|_| ())
    }

    /// A hash of what decides the evaluations.
    ///
    /// # Errors
    /// As of [`ProxyPlan::check`].
    pub fn fingerprint(&self) -> Result<u64, TrainingError> {
        let settings = self.identity()?;
        let texts = settings.iter().flat_map(|(name, value)| [name.as_str(), "=", value, "\n"]);
        Ok(search_space::fnv1a(texts.flat_map(str::bytes)))
    }

    /// The height and width of the images in training, in pixels.
    ///
    /// # Errors
    /// As of [`ProxyPlan::check`].
    pub fn resolution(&self) -> Result<usize, TrainingError> {
        Ok(self.of(&self.first_legal()?, 1)?.batches.resolution)
    }

    /// The accuracies of these trainings, which are kept in `folder`. `watch` is asked between their
    /// steps.
    ///
    /// # Errors
    /// [`crate::study::StudyError::OtherSettings`]: a folder with evaluations by other trainings. A file
    /// that cannot be read or written.
    pub fn open(&self, folder: &Path, watch: Watch) -> Result<ProxyAccuracy, AccuracyError> {
        let schema = Schema { version: 1, tables: &[TABLE, RUNGS_TABLE] };
        let settings = StudySettings::from_iter(self.identity()?);
        let evaluations = Evaluations::open(folder.join(FILE_NAME), schema, &settings)?;
        let (plan, domain) = (self.clone(), self.space.domain());
        Ok(ProxyAccuracy { plan, domain, folder: folder.join(TRAININGS), evaluations, watch })
    }

    /// The settings of all trainings, whatever the network.
    fn identity(&self) -> Result<BTreeMap<String, String>, TrainingError> {
        let plan = self.of(&self.first_legal()?, 1)?;
        let mut settings = plan.manifest().settings().clone();
        let space = format!("{} {:016x}", self.space.name, self.space.fingerprint());
        settings.insert("network".to_owned(), space);
        let hold_out = self.data.dataset.hold_out.fingerprint();
        settings.insert("hold_out".to_owned(), format!("{hold_out:016x}"));
        settings.insert("resolution".to_owned(), plan.batches.resolution.to_string());
        settings.insert("rungs".to_owned(), format!("{:?}", rungs::of(self.settings.epochs)));
        Ok(settings)
    }

    fn first_legal(&self) -> Result<Genotype, TrainingError> {
        let mut rng = crate::random::rng(0, crate::random::Purpose::RandomNetworks, 0);
        let draws = std::iter::repeat_with(|| self.space.sample(&mut rng)).take(1_000);
        let lowers = |genotype: &Genotype| {
            let network = self.space.decode(genotype);
            network.is_ok_and(|network| network.lower().is_ok())
        };
        draws.into_iter().find(lowers).ok_or_else(|| {
            let found = format!("{}, few of whose networks can be computed", self.space.name);
            TrainingError::Setting {
                place: "space",
                found,
                expected: "a space whose options go together".to_owned(),
            }
        })
    }

    /// The training of a genotype's network.
    fn of(&self, genotype: &Genotype, threads: usize) -> Result<FitPlan, TrainingError> {
        let network = self.space.decode(genotype)?;
        let placement = Placement::cpu(threads);
        FitPlan::new(&network, self.data.clone(), None, &self.settings, placement)
    }
}

impl ProxyAccuracy {
    /// The accuracy of a genotype, trained unless it is stored. A network that was given up has the
    /// accuracy that it had then. The standard error is that of the share of correct images; how far
    /// short trainings are from long ones is not part of it.
    ///
    /// # Errors
    /// As of [`ProxyAccuracy::train_all`].
    pub fn estimate(&self, genotype: &Genotype) -> Result<Estimate, AccuracyError> {
        let text = self.domain.text(genotype);
        if let Some(known) = self.evaluations.stored(&text)? {
            return Ok(known.estimate());
        }
        self.train_all(std::slice::from_ref(genotype))?;
        let known = self.evaluations.stored(&text)?.ok_or(AccuracyError::Untrained)?;
        Ok(known.estimate())
    }
}
