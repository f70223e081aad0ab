//! Short trainings as the accuracy source of a search.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use controller::accuracy::{AccuracyError, AccuracySource, ProxyAccuracy, ProxyPlan};
use search_space::SearchSpace;
use training::fit::{FitData, FitSettings};

use super::images::{self, refused};
use crate::args::Global;
use crate::args_images::ImagesArgs;
use crate::exit::bad_input;
use crate::interrupt;

/// The flag of the number of epochs.
const EPOCHS: &str = "--proxy-epochs";
/// Epochs of MnasNet's proxy task.
const DEFAULT_EPOCHS: u64 = 5;

/// The short trainings of a search, before or after their folder is known.
pub(super) struct ProxySource {
    plan: ProxyPlan,
    fingerprint: u64,
    resolution: usize,
    opened: OnceLock<ProxyAccuracy>,
}

impl ProxySource {
    /// Reads the images and plans the trainings. The space gets the classes of the images.
    pub(super) fn open(
        global: &Global,
        args: &ImagesArgs,
        space: &mut SearchSpace,
    ) -> Result<Self> {
        let data = images::load(global, args, space)?;
        let settings = FitSettings {
            epochs: args.proxy_epochs.unwrap_or(DEFAULT_EPOCHS),
            train_resolution: args.train_resolution,
            seed: global.seed,
            ..FitSettings::default()
        };
        let threads = global.training_threads();
        let plan = ProxyPlan { space: space.clone(), data, settings, threads };
        plan.check().map_err(|error| refused(EPOCHS, error))?;
        let fingerprint = plan.fingerprint().map_err(|error| refused(EPOCHS, error))?;
        let resolution = plan.resolution().map_err(|error| refused(EPOCHS, error))?;
        Ok(Self { plan, fingerprint, resolution, opened: OnceLock::new() })
    }

    /// The images, and the resolution at which networks are trained.
    pub(super) fn images(&self) -> (&FitData, usize) {
        (&self.plan.data, self.resolution)
    }

    /// Number of epochs of a network that is not given up.
    pub(super) fn epochs(&self) -> u64 {
        self.plan.settings.epochs
    }

    /// A hash of what decides the accuracies.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    pub(super) fn source(&self) -> AccuracySource<'_> {
        self.opened.get().map_or(AccuracySource::Untrained, AccuracySource::Proxy)
    }

    /// Opens the evaluations in the folder of the study.
    pub(super) fn begin(&self, out: &Path) -> Result<()> {
        let accuracy = self.plan.open(out, interrupt::check).map_err(|error| match error {
            AccuracyError::Study(error) => bad_input("--resume", error),
            error => error.into(),
        })?;
        self.opened.get_or_init(|| accuracy);
        Ok(())
    }
}
