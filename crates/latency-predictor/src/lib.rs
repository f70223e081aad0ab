//! Measures blocks on this CPU, keeps them in a table, predicts networks.
//!
//! A [`Table`] holds latencies of one [`Setup`]: device, runtime, threads, precision. [`build`]
//! fills it from the clocks inside random whole networks of a space ([`Meter::blocks`]), so that caches
//! and neighbours are real; [`Table::predict_ms`] adds them up; [`Meter::network`] times a whole one,
//! [`Meter::against`] one against another.
//! Whatever measures holds the [`MeasuringLock`].

#![warn(clippy::unwrap_used)]

mod against;
mod build;
pub mod cache;
mod calm;
mod device;
mod error;
mod file;
mod in_context;
mod journal;
mod lock;
mod measure;
mod meter;
mod pin;
mod plan;
mod predict;
mod setup;
mod speed;
mod stats;
mod steal;
mod table;

pub use against::beyond_doubt;
pub use build::{Built, MeasureUnits, Progress, build, measure_missing};
pub use device::{Cache, Device};
pub use error::PredictorError;
pub use file::FileError;
pub use journal::Sample;
pub use lock::{LockError, MeasuringLock};
pub use measure::{Measured, Runs};
pub use meter::Meter;
pub use plan::{BuildSettings, Plan, plan};
pub use predict::{Coverage, NativeLatency, Prediction};
pub use setup::{ForeignSetup, Precision, Runtime, Setup};
pub use stats::Quantiles;
pub use table::{Entry, Table, Timing};
