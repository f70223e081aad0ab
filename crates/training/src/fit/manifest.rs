//! The manifest of a training: the settings that decide its weights. It is continued only with the
//! same ones, except for the number of epochs.

use std::collections::BTreeMap;
use std::fmt;

use dataset::{Augment, BatchSettings, Crop, Cutout, Flip};

use super::plan::{FitData, FitPlan};
use crate::model::Backend;
use crate::recipe::{Optimiser, Recipe};
use crate::weights_file::WeightsFile;

/// The settings that decide the weights of a training, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitManifest(BTreeMap<String, String>);

/// A setting in which two trainings differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingDifference {
    /// Name of the setting.
    pub name: String,
    /// Its current value.
    pub found: String,
    /// Its value in the training to be continued.
    pub expected: String,
}

impl fmt::Display for SettingDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, found, expected } = self;
        write!(f, "{name}: found {found}; expected: {expected}")
    }
}

const DATA: &str = "data";
const EPOCHS: &str = "epochs";

/// The part of a data source's text that matters besides the hash of its images. The path of a
/// folder does not, since the same images may lie elsewhere. Options of drawn images do: their hash
/// is of what they are drawn from.
fn identity(data: &str) -> &str {
    match data.split_once(':') {
        Some(("shapes", _)) | None => data,
        Some((kind, _)) => kind,
    }
}

fn augmentation(augment: Augment) -> String {
    let Augment { crop, flip, cutout } = augment;
    let crop = match crop {
        Crop::Central => "central crop".to_owned(),
        Crop::Padded { padding } => format!("crop padded by {padding}"),
        Crop::Resized { smallest_area } => format!("resized crop of area {smallest_area} to 1"),
    };
    let flip = match flip {
        Flip::Never => "no flip",
        Flip::Horizontal => "horizontal flip",
    };
    let cutout = match cutout {
        Cutout::Never => "no cutout".to_owned(),
        Cutout::Square { side } => format!("cutout of {side}"),
    };
    format!("{crop}, {flip}, {cutout}")
}

fn optimiser_text(optimiser: Optimiser) -> String {
    match optimiser {
        Optimiser::Sgd { momentum } => format!("sgd, momentum {momentum}"),
        Optimiser::RmsProp { decay, momentum, eps } => {
            format!("rmsprop, decay {decay}, momentum {momentum}, eps {eps}")
        }
    }
}

impl FitManifest {
    pub(super) fn of(plan: &FitPlan, start: Option<&WeightsFile>) -> Self {
        let Recipe { optimiser, learning_rate, weight_decay, label_smoothing, .. } = plan.recipe;
        let option = |value: Option<f32>| value.map_or("none".to_owned(), |v| v.to_string());
        let weights =
            start.map_or("random".to_owned(), |file| format!("{:016x}", file.fingerprint()));
        let settings = [
            ("network", plan.variant.architecture().to_ron()),
            (EPOCHS, plan.epochs.to_string()),
            ("optimiser", optimiser_text(optimiser)),
            ("learning_rate", learning_rate.to_string()),
            ("weight_decay", weight_decay.to_string()),
            ("label_smoothing", label_smoothing.to_string()),
            ("clip_norm", option(plan.recipe.clip_norm)),
            ("ema", option(plan.recipe.ema_decay)),
            ("warm_up_steps", plan.recipe.warm_up_steps.to_string()),
            ("weights", weights),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        Self::with_data(settings.into(), &plan.data, &plan.batches, &plan.placement.backend)
    }

    /// These settings, with those of the images, their batches and the device.
    pub(crate) fn with_data(
        settings: BTreeMap<String, String>,
        data: &FitData,
        batches: &BatchSettings,
        backend: &Backend,
    ) -> Self {
        let device = match backend {
            Backend::Fused => None,
            Backend::Stock { device, .. } => {
                Some(("device".to_owned(), format!("{:?}", device.location())))
            }
        };
        let of_data = [
            (DATA, identity(&data.source.to_string()).to_owned()),
            ("images", format!("{:016x}", data.dataset.train.fingerprint())),
            ("augmentation", augmentation(batches.augment)),
            ("batch", batches.batch.to_string()),
            ("seed", batches.seed.to_string()),
        ];
        let of_data = of_data.map(|(name, value)| (name.to_owned(), value));
        Self(settings.into_iter().chain(of_data).chain(device).collect())
    }

    /// The settings by name.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The manifest as JSON, as checkpoints store it.
    pub(crate) fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.0)
    }

    /// Reads a manifest as checkpoints store it.
    pub(crate) fn from_text(text: &str) -> serde_json::Result<Self> {
        let mut settings: BTreeMap<String, String> = serde_json::from_str(text)?;
        if let Some(data) = settings.get_mut(DATA) {
            *data = identity(data).to_owned();
        }
        Ok(Self(settings))
    }

    /// The number of epochs; `None` if it is not there or not a number.
    pub(super) fn epochs(&self) -> Option<u64> {
        self.0.get(EPOCHS)?.parse().ok()
    }

    /// The settings that differ from those of an earlier manifest.
    pub(crate) fn differences(&self, before: &Self) -> Vec<SettingDifference> {
        let Self(before) = before;
        let expected = |name: &str| before.get(name).map_or("nothing", String::as_str).to_owned();
        let differing = self.0.iter().filter(|(name, value)| before.get(*name) != Some(value));
        let difference = |(name, value): (&String, &String)| SettingDifference {
            name: name.clone(),
            found: value.clone(),
            expected: expected(name),
        };
        differing.map(difference).collect()
    }
}
