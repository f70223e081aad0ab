//! Training a network on a data set from random or given weights to the best epoch. A folder holds
//! the files, from which an interrupted training continues.

mod epochs;
mod files;
mod history;
mod manifest;
mod plan;
mod preprocessing;
mod settings;
mod training_variant;
mod work;

pub use epochs::{EvaluatedSplit, FitEvent, Fitted};
pub use files::write_atomically;
pub use history::{EpochRecord, best_epoch, read_history};
pub use manifest::{FitManifest, SettingDifference};
pub(crate) use plan::augment;
pub use plan::{FitData, FitPlan, default_resolution, refuse_other_classes};
pub use preprocessing::preprocessing;
pub use settings::FitSettings;
pub use training_variant::{TrainingVariant, stem_stride};
pub use work::FitWork;
