//! Plans of trainings of supernets, which check that space, data and settings fit together.

use std::collections::BTreeMap;

use dataset::{BatchSettings, Dataset, Order, Source};
use search_space::{Block, SearchSpace};

use super::paths::{PathSampling, Paths};
use super::run::SupernetRun;
use super::sandwich;
use super::settings::SupernetSettings;
use crate::error::TrainingError;
use crate::fit::{FitData, FitManifest, augment};
use crate::model::Placement;
use crate::recipe::Recipe;
use crate::trainer::check_batch;

/// A training of a supernet whose space, data and settings were checked to fit together.
#[derive(Clone, Debug)]
pub struct SupernetPlan {
    /// The space as it is trained: with the classes of the data and with the resolution and the stem
    /// stride of the training. Its genotypes are those of the deployed space.
    pub space: SearchSpace,
    /// The images.
    pub data: FitData,
    /// How the paths of an update are chosen.
    pub sampling: PathSampling,
    /// How batches are made of the images.
    pub batches: BatchSettings,
    /// The recipe of the training, whose steps are updates.
    pub recipe: Recipe,
    /// Number of updates in an epoch.
    pub updates_per_epoch: u64,
    /// The backend and the threads.
    pub placement: Placement,
}

impl SupernetPlan {
    /// Plans the training of the supernet of `space` on `data`.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: a setting that is out of range, a space for images with other
    /// channels or with several resolutions, data with one class or without a hold-out.
    /// [`TrainingError::Invalid`]: networks that cannot be computed at the resolution of the
    /// training. [`TrainingError::Data`]: a first image that cannot be read.
    pub fn new(
        space: &SearchSpace,
        data: FitData,
        settings: &SupernetSettings,
        placement: Placement,
    ) -> Result<Self, TrainingError> {
        let dataset = &data.dataset;
        check_fit(space, &data)?;
        let image = dataset.train.image(0)?;
        let native = space.resolution[0].min(image.height).min(image.width);
        let resolution = settings.train_resolution.unwrap_or(native);
        let mut trained = SearchSpace {
            resolution: vec![resolution],
            classes: dataset.classes.len(),
            ..space.clone()
        };
        if let Some(stride) = settings.train_stem_stride {
            set_stem_stride(&mut trained, stride)?;
        }
        let images = dataset.train.len();
        if !(1..=images).contains(&settings.batch) {
            let expected = format!("1 to {images}, the number of training images");
            return Err(TrainingError::setting("batch", &settings.batch, expected));
        }
        check_batch(settings.batch, resolution.saturating_pow(2) * trained.channels)?;
        let updates_per_epoch = (images / settings.batch) as u64;
        let batches = BatchSettings {
            batch: settings.batch,
            resolution,
            augment: augment(&data.source, resolution, None),
            order: Order::Shuffled,
            seed: settings.seed,
        };
        let plan = Self {
            recipe: settings.recipe(updates_per_epoch)?,
            space: trained,
            sampling: settings.paths,
            data,
            batches,
            updates_per_epoch,
            placement,
        };
        let paths = Paths::new(&plan.space, plan.sampling)?;
        paths.of(&plan.space, plan.batches.seed, 0)?;
        Ok(plan)
    }

    /// Creates the run, before its first update.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: no threads.
    pub fn start(&self) -> Result<SupernetRun, TrainingError> {
        let (placement, seed) = (self.placement.clone(), self.batches.seed);
        SupernetRun::new(&self.space, self.recipe, self.sampling, placement, seed)
    }

    /// Number of paths in an update.
    pub fn paths(&self) -> usize {
        match self.sampling {
            PathSampling::StrictlyFair => {
                usize::from(self.space.option_counts().into_iter().max().unwrap_or(1))
            }
            PathSampling::Sandwich => sandwich::PATHS,
        }
    }

    /// Number of images that pass through a network in the whole training, forward and backward.
    pub fn image_passes(&self) -> u64 {
        self.recipe.steps * self.batches.batch as u64 * self.paths() as u64
    }

    /// The settings that decide the weights.
    pub fn manifest(&self) -> FitManifest {
        let clip_norm = self.recipe.clip_norm.map_or("none".to_owned(), |norm| norm.to_string());
        let settings = [
            ("space", format!("{} {:016x}", self.space.name, self.space.fingerprint())),
            ("resolution", self.batches.resolution.to_string()),
            ("paths", self.sampling.name().to_owned()),
            ("updates", self.recipe.steps.to_string()),
            ("learning_rate", self.recipe.learning_rate.to_string()),
            ("weight_decay", self.recipe.weight_decay.to_string()),
            ("clip_norm", clip_norm),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let settings = BTreeMap::from(settings);
        FitManifest::with_data(settings, &self.data, &self.batches, &self.placement.backend)
    }

    /// A hash of the settings that decide the weights.
    pub fn fingerprint(&self) -> u64 {
        let manifest = self.manifest();
        let settings = manifest.settings().iter();
        let texts = settings.flat_map(|(name, value)| [name.as_str(), "=", value, "\n"]);
        search_space::fnv1a(texts.flat_map(str::bytes))
    }
}

/// Checks that networks of a space can be trained on images and evaluated on their hold-out.
///
/// # Errors
/// [`TrainingError::Setting`]: a space for images with other channels or with several resolutions; data with
/// one class, with a class of one image, or without a hold-out.
pub fn check_fit(space: &SearchSpace, data: &FitData) -> Result<(), TrainingError> {
    let (source, dataset) = (&data.source, &data.dataset);
    let images = dataset.train.channels();
    if space.channels != images {
        let expected = format!("{images}, those of {source}");
        return Err(TrainingError::setting("channels", &space.channels, expected));
    }
    let classes = dataset.classes.len();
    if classes < 2 {
        let found = format!("{classes} class in {source}");
        return Err(TrainingError::setting("classes", &found, "at least 2"));
    }
    refuse_single_images(source, dataset)?;
    if dataset.hold_out.is_empty() {
        let expected = "at least one image, with which networks are evaluated";
        return Err(TrainingError::setting("hold-out", &0, expected));
    }
    if space.resolution.len() > 1 {
        let found = format!("{} in {}", space.resolution.len(), space.name);
        return Err(TrainingError::setting("resolutions", &found, "1"));
    }
    Ok(())
}

/// An image of its class alone is either trained on or held out: the class cannot be learned or not be
/// checked.
fn refuse_single_images(source: &Source, dataset: &Dataset) -> Result<(), TrainingError> {
    let mut images = vec![0; dataset.classes.len()];
    for samples in [&dataset.train, &dataset.hold_out] {
        (0..samples.len()).for_each(|index| images[samples.label(index) as usize] += 1);
    }
    match images.iter().position(|&count| count == 1) {
        Some(class) => {
            let found = format!("1 training image of class {} in {source}", dataset.classes[class]);
            Err(TrainingError::setting("classes", &found, "at least 2 images of each class"))
        }
        None => Ok(()),
    }
}

fn set_stem_stride(space: &mut SearchSpace, stride: usize) -> Result<(), TrainingError> {
    let conv = space.stem.iter_mut().find_map(|block| match block {
        Block::Conv(conv) => Some(conv),
        _ => None,
    });
    match conv {
        Some(conv) => conv.stride = stride,
        None => {
            let found = format!("{} without a Conv block in the stem", space.name);
            let expected = "a space with a Conv block";
            return Err(TrainingError::setting("train_stem_stride", &found, expected));
        }
    }
    Ok(())
}
