//! Plans of trainings, which check that network, data and settings fit together.

use dataset::{Augment, BatchSettings, Crop, Cutout, Dataset, Flip, Order, Source};
use search_space::{Network, Weights};

use super::manifest::FitManifest;
use super::preprocessing::preprocessing;
use super::settings::FitSettings;
use super::training_variant::TrainingVariant;
use crate::error::TrainingError;
use crate::model::Placement;
use crate::recipe::Recipe;
use crate::run::Run;
use crate::trainer::check_batch;
use crate::weights_file::WeightsFile;

/// A data set and the source that it was read from.
#[derive(Clone, Debug)]
pub struct FitData {
    /// The source of the images, which decides how they are augmented.
    pub source: Source,
    /// The images.
    pub dataset: Dataset,
}

/// A training whose network, data and settings were checked to fit together.
#[derive(Clone, Debug)]
pub struct FitPlan {
    /// The deployed network, with the classes and the preprocessing of the data.
    pub deployed: Network,
    /// The training variant, which is the network that is trained.
    pub variant: Network,
    /// How the training variant differs from the deployed network.
    pub differs: TrainingVariant,
    /// The images.
    pub data: FitData,
    /// How batches are made of the images.
    pub batches: BatchSettings,
    /// The recipe of the training.
    pub recipe: Recipe,
    /// Number of steps in an epoch.
    pub steps_per_epoch: u64,
    /// The backend and the threads of the training.
    pub placement: Placement,
    /// Number of epochs.
    pub epochs: u64,
    settings: FitSettings,
    start: Option<WeightsFile>,
}

impl FitPlan {
    /// Plans the training of `network` on `data`. It starts from the weights `start`, whose batch
    /// norm settings replace those of the network, or from random weights. If `start` has other
    /// classes, the classifier starts from random weights; if it has the same in another order, the
    /// trained network has them in that order.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: a setting that is out of range, or a network for images with
    /// other channels. [`TrainingError::Invalid`]: a network that cannot be computed, also at the
    /// resolution of the training. [`TrainingError::Data`]: a first image that cannot be read.
    pub fn new(
        network: &Network,
        mut data: FitData,
        start: Option<WeightsFile>,
        settings: &FitSettings,
        placement: Placement,
    ) -> Result<Self, TrainingError> {
        if let Some(start) = &start {
            // Classes with other names are those of another task.
            let reordered = data.dataset.clone().with_class_order(&start.network.class_names);
            data.dataset = reordered.unwrap_or(data.dataset);
        }
        let mut deployed = network.clone();
        deployed.classes = data.dataset.classes.len();
        deployed.class_names.clone_from(&data.dataset.classes);
        deployed.preprocessing = Some(preprocessing(&data.dataset.train));
        refuse_other_classes(&data, &deployed)?;
        deployed.lower()?;
        let resolution = match settings.train_resolution {
            Some(resolution) => resolution,
            None => default_resolution(&data.dataset, &deployed)?,
        };
        if let Some(start) = &start {
            // The weights were trained with these settings, and other frameworks have other defaults.
            deployed.norm = start.network.norm;
        }
        let differs = TrainingVariant { resolution, stem_stride: settings.train_stem_stride };
        let variant = differs.checked(&deployed)?;
        let images = data.dataset.train.len();
        if !(1..=images).contains(&settings.batch) {
            let expected = format!("1 to {images}, the number of training images");
            return Err(TrainingError::setting("batch", &settings.batch, expected));
        }
        check_batch(settings.batch, variant.lower()?.input().elements())?;
        let steps_per_epoch = (images / settings.batch) as u64;
        let recipe = settings.recipe(steps_per_epoch)?;
        recipe.check()?;
        let batches = BatchSettings {
            batch: settings.batch,
            resolution,
            augment: augment(&data.source, resolution, settings.cutout),
            order: Order::Shuffled,
            seed: settings.seed,
        };
        let epochs = settings.epochs;
        Ok(Self {
            deployed,
            variant,
            differs,
            data,
            batches,
            recipe,
            steps_per_epoch,
            placement,
            epochs,
            settings: settings.clone(),
            start,
        })
    }

    /// The same training over another number of epochs, with the recipe that follows from it.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no epochs, or fewer than those of the warm-up.
    pub(super) fn over(&self, epochs: u64) -> Result<Self, TrainingError> {
        let settings = FitSettings { epochs, ..self.settings.clone() };
        let recipe = settings.recipe(self.steps_per_epoch)?;
        Ok(Self { recipe, epochs, settings, ..self.clone() })
    }

    /// Creates the run, before its first step.
    ///
    /// # Errors
    /// [`TrainingError::Tensors`]: initial weights that do not fit. [`TrainingError::Setting`]: no
    /// threads.
    pub fn start(&self) -> Result<Run, TrainingError> {
        let graph = self.variant.lower()?;
        let mut run = Run::new(&graph, self.recipe, self.placement.clone(), self.batches.seed)?;
        if let Some(start) = &self.start {
            let (found, expected) = (start.network.input.channels, self.variant.input.channels);
            if found != expected {
                let expected = format!("{expected} input channels, those of the images");
                return Err(TrainingError::setting("weights", &found, expected));
            }
            let (network, mut from) = start.clone().fit(&self.variant)?;
            let has_same_classes = network.classes == self.variant.classes
                && network.class_names == self.variant.class_names;
            if !has_same_classes {
                let mut fresh: Weights = run.result().to_weights()?;
                if let (Some(to), Some(classifier)) = (from.nodes.last_mut(), fresh.nodes.pop()) {
                    *to = classifier;
                }
            }
            run.start_from(&from)?;
        }
        Ok(run)
    }

    /// Number of images that are computed after each epoch, in inference or like it: those that the
    /// statistics of batch norms are estimated from, and the hold-out.
    pub fn images_after_epoch(&self) -> usize {
        let data = &self.data.dataset;
        Run::norm_images(&data.train, &self.batches) + data.hold_out.len()
    }

    /// The settings that decide the weights of the training.
    pub fn manifest(&self) -> FitManifest {
        FitManifest::of(self, self.start.as_ref())
    }
}

/// Checks that a network has the channels and the number of classes of the data.
///
/// # Errors
/// [`TrainingError::Setting`] if it does not.
pub fn refuse_other_classes(data: &FitData, network: &Network) -> Result<(), TrainingError> {
    let source = &data.source;
    let (found, images) = (network.input.channels, data.dataset.train.channels());
    if found != images {
        let expected = format!("{images}, those of {source}");
        return Err(TrainingError::setting("input.channels", &found, expected));
    }
    let classes = data.dataset.classes.len();
    if network.classes != classes {
        let expected = format!("{classes}, those of {source}");
        return Err(TrainingError::setting("classes", &network.classes, expected));
    }
    Ok(())
}

/// The default resolution of training: that of the network, but at most that of the first image.
///
/// # Errors
/// An image that cannot be read.
pub fn default_resolution(dataset: &Dataset, network: &Network) -> Result<usize, TrainingError> {
    let image = dataset.train.image(0)?;
    Ok(network.input.resolution.min(image.height).min(image.width))
}

/// The usual augmentation for the kind of images: random resized crops of photos, padded crops of
/// small images, and horizontal flips except for digits.
pub(crate) fn augment(source: &Source, resolution: usize, cutout: Option<usize>) -> Augment {
    let crop = match source {
        Source::Folder(_) => Crop::Resized { smallest_area: 0.25 },
        _ => Crop::Padded { padding: resolution / 8 },
    };
    let flip = if matches!(source, Source::Mnist(_)) { Flip::Never } else { Flip::Horizontal };
    let cutout = cutout.map_or(Cutout::Never, |side| Cutout::Square { side });
    Augment { crop, flip, cutout }
}
