//! The study store: an SQLite database in the output folder with settings, trials and measurements.
//! Trials are stored batch by batch, and everything is stored before anything depends on it.

mod comparable;
pub(crate) mod database;
mod difference;
mod error;
mod manifest;
mod points;
mod progress;
mod schema;
mod store;

pub use comparable::{
    ComparableStudy, CompareError, Difference, StudyGroup, common_targets, group_by_search,
};
pub use database::StudySettings;
pub use difference::SettingDifference;
pub use error::StudyError;
pub use manifest::{AccuracyId, LatencyId, Manifest, ManifestError, SourceIds, SpaceId};
pub use points::{StudyPoint, StudyPoints, read_points};
pub use progress::{GroupProgress, QuartileCurve};
pub use schema::FILE_NAME;
pub use store::Study;
