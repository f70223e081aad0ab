//! Training a network on a data set from its first epoch to its best weights, with a folder of files from
//! which an interrupted run continues.

mod epochs;
mod files;
mod history;
mod manifest;
mod plan;
mod settings;
mod training_variant;

pub use epochs::{FitEvent, Fitted};
pub use history::{EpochRecord, best_epoch, read_history};
pub use manifest::{FitManifest, SettingDifference};
pub use plan::{FitData, FitPlan, default_resolution, refuse_other_classes};
pub use settings::FitSettings;
pub use training_variant::{TrainingVariant, stem_stride};
