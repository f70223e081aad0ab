//! Supernets: weights that all networks of a space share, so that each of them can be evaluated
//! without a training of its own.

mod evaluate;
mod fairness;
mod gradients;
mod paths;
mod plan;
mod run;
mod sandwich;
mod settings;
mod shared;
mod slice;
mod store;
mod time;
mod train;

pub use evaluate::Calibration;
pub use fairness::strictly_fair_paths;
pub use gradients::{Passes, PathGradients};
pub use paths::PathSampling;
pub use plan::{SupernetPlan, check_fit};
pub use run::SupernetRun;
pub use settings::SupernetSettings;
pub use store::{Subnet, Supernet};
pub use time::SupernetTimes;
pub use train::{SupernetEvent, TrainedSupernet};
