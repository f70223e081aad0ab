//! The supernet of a search, and its training.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use controller::accuracy::{AccuracyError, AccuracySource, SupernetAccuracy};
use search_space::{Genotype, SearchSpace};
use training::Placement;
use training::fit::FitData;
use training::supernet::{
    Calibration, SupernetEvent, SupernetPlan, SupernetSettings, SupernetTimes,
};

use super::images::{self, refused};
use crate::args::Global;
use crate::args_images::ImagesArgs;
use crate::exit::{bad_input, stopped, training_error};
use crate::interrupt;
use crate::progress::{Progress, note};
use crate::screen::grouped;

/// The flag of the number of epochs.
const EPOCHS: &str = "--supernet-epochs";
/// Updates that are timed.
const TIMED_UPDATES: usize = 3;

/// The supernet of a search, before or after its training.
pub(super) struct SupernetSource {
    /// The deployed space.
    space: SearchSpace,
    settings: SupernetSettings,
    plan: SupernetPlan,
    trained: OnceLock<SupernetAccuracy>,
}

impl SupernetSource {
    /// Reads the images and plans the training. The space gets the classes of the images.
    pub(super) fn open(
        global: &Global,
        args: &ImagesArgs,
        space: &mut SearchSpace,
    ) -> Result<Self> {
        let data = images::load(global, args, space)?;
        let default = SupernetSettings::default();
        let epochs = args.supernet_epochs.map_or(default.epochs, |epochs| epochs as f64);
        let settings = SupernetSettings {
            epochs,
            paths: args.supernet_paths.map_or(default.paths, Into::into),
            seed: global.seed,
            train_resolution: args.train_resolution,
            ..default
        };
        let placement = Placement::cpu(global.training_threads());
        let plan = SupernetPlan::new(space, data, &settings, placement);
        let plan = plan.map_err(|error| refused(EPOCHS, error))?;
        Ok(Self { space: space.clone(), settings, plan, trained: OnceLock::new() })
    }

    /// The same supernet, trained for another number of epochs.
    pub(super) fn over(self, epochs: f64) -> Result<Self> {
        let settings = SupernetSettings { epochs, ..self.settings };
        let (data, placement) = (self.plan.data, self.plan.placement);
        let plan = SupernetPlan::new(&self.space, data, &settings, placement);
        let plan = plan.map_err(|error| refused(EPOCHS, error))?;
        Ok(Self { space: self.space, settings, plan, trained: OnceLock::new() })
    }

    /// The images, and the resolution at which networks are trained.
    pub(super) fn images(&self) -> (&FitData, usize) {
        (&self.plan.data, self.plan.batches.resolution)
    }

    /// A hash of the settings that decide the weights.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:016x}", self.plan.fingerprint())
    }

    pub(super) fn source(&self) -> AccuracySource<'_> {
        self.trained.get().map_or(AccuracySource::Untrained, AccuracySource::Supernet)
    }

    /// What an epoch and the evaluation of a network cost.
    pub(super) fn time(&self, genotype: &Genotype) -> Result<SupernetTimes> {
        let times = self.plan.time(genotype, Calibration::default(), TIMED_UPDATES);
        times.map_err(|error| training_error("--space", error))
    }

    /// Trains the supernet in the folder of the study, or continues its training there.
    pub(super) fn train(&self, global: &Global, out: &Path) -> Result<()> {
        let plan = &self.plan;
        let passes = grouped(plan.image_passes() as usize);
        note(global, &format!("the supernet is trained with {passes} image passes"));
        let mut bar = Progress::start(global, "training the supernet");
        let trained = plan.train(out, &mut |event| {
            if let SupernetEvent::Update { done, loss, .. } = event {
                let total = plan.recipe.steps as usize;
                bar.at(*done as usize, total, &format!("loss {loss:.3}"));
            }
            interrupt::check()
        });
        bar.end();
        let trained = trained.map_err(|error| training_error("--space", error))?;
        let Some(trained) = trained else { return Err(stopped(out)) };
        // The jobs evaluate networks side by side, each on one thread.
        let (data, placement) = (plan.data.dataset.clone(), Placement::cpu(1));
        let calibration = Calibration::default();
        let accuracy = SupernetAccuracy::open(out, trained, data, calibration, placement);
        let accuracy = accuracy.map_err(|error| match error {
            AccuracyError::Study(error) => bad_input("--resume", error),
            error => error.into(),
        })?;
        self.trained.get_or_init(|| accuracy);
        Ok(())
    }
}
