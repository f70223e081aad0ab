//! Supernets: weights that all networks of a space share, so that each of them can be evaluated
//! without a training of its own.

mod evaluate;
mod fairness;
mod gradients;
mod plan;
mod run;
mod settings;
mod shared;
mod slice;
mod store;
mod train;

pub use evaluate::Calibration;
pub use fairness::strictly_fair_paths;
pub use gradients::{Passes, PathGradients};
pub use plan::SupernetPlan;
pub use run::SupernetRun;
pub use settings::SupernetSettings;
pub use store::{Subnet, Supernet};
pub use train::{SupernetEvent, TrainedSupernet};
