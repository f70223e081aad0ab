//! The supernet of a search: its images, and its training.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use controller::accuracy::{AccuracyError, AccuracySource, SupernetAccuracy};
use dataset::HoldOut;
use search_space::SearchSpace;
use training::fit::FitData;
use training::supernet::{Calibration, SupernetEvent, SupernetPlan, SupernetSettings};
use training::{Placement, TrainingError};

use crate::args::Global;
use crate::args_images::ImagesArgs;
use crate::commands::train::data;
use crate::exit::{bad_input, stopped, training_error};
use crate::interrupt;
use crate::progress::{Progress, note};
use crate::screen::grouped;

/// Share of the training images on which networks are evaluated.
const HOLD_OUT: f64 = 0.1;

/// The supernet of a search, before or after its training.
pub(super) struct SupernetSource {
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
        let Some(data) = &args.data else {
            let message = "found none; expected: the images of --accuracy supernet";
            return Err(bad_input("--data", message));
        };
        let data = data::load(global, data, HoldOut::new(HOLD_OUT)?)?;
        space.classes = data.dataset.classes.len();
        deploy_at(global, args.deploy_resolution, space, &data)?;
        let default = SupernetSettings::default();
        let epochs = args.supernet_epochs.map_or(default.epochs, |epochs| epochs as f64);
        let settings = SupernetSettings {
            epochs,
            seed: global.seed,
            train_resolution: args.train_resolution,
            ..default
        };
        let placement = Placement::cpu(global.training_threads());
        let plan = SupernetPlan::new(space, data, &settings, placement).map_err(refused)?;
        Ok(Self { plan, trained: OnceLock::new() })
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

/// Sets the resolution of the space's networks: the one that was asked for, or that of the space, but at
/// most that of the images.
fn deploy_at(
    global: &Global,
    asked: Option<usize>,
    space: &mut SearchSpace,
    data: &FitData,
) -> Result<()> {
    let image = data.dataset.train.image(0).map_err(|error| bad_input("--data", error))?;
    let side = image.height.min(image.width);
    match (asked, &space.resolution[..]) {
        (Some(resolution), _) => space.resolution = vec![resolution],
        (None, [own]) if side < *own => {
            let text = format!("networks are deployed at {side} px, as large as the images");
            note(global, &format!("{text}\n(--deploy-resolution)"));
            space.resolution = vec![side];
        }
        _ => {}
    }
    Ok(())
}

/// The error of a space, images or settings that do not fit together.
fn refused(error: TrainingError) -> anyhow::Error {
    let flag = match &error {
        TrainingError::Setting { place: "classes" | "hold-out" | "batch", .. } => "--data",
        TrainingError::Setting { place: "channels" | "resolutions" | "space", .. } => "--space",
        TrainingError::Setting { place: "epochs", .. } => "--supernet-epochs",
        _ => return training_error("--space", error),
    };
    bad_input(flag, error)
}
