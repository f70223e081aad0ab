//! Measures blocks on this CPU, keeps them in a table, predicts networks.
//!
//! A [`Table`] holds latencies of one [`Setup`]: device, runtime, threads, precision. [`build`]
//! fills it from the clocks inside random whole networks of a space ([`Meter::blocks`]), so that caches
//! and neighbours are real; [`Table::predict_ms`] adds them up; [`Meter::network`] times a whole one,
//! [`Meter::relative_latency`] one relative to another. A [`DeviceTable`] is a table with its file, and
//! [`DeviceLatency`] the latency source that a search or NetAdapt asks.
//! Whatever measures holds the [`MeasuringLock`].

#![warn(clippy::unwrap_used)]

mod device;
mod error;
mod measure;
mod table;

pub use device::setup::{ForeignSetup, Precision, Runtime, Setup};
pub use device::{Cache, Device};
pub use error::PredictorError;
pub use measure::lock::{LockError, MeasuringLock};
pub use measure::meter::Meter;
pub use measure::quantiles::Quantiles;
pub use measure::relative_latency::remeasure_outlier;
pub use measure::runs::{Measured, Runs};
pub use table::build::{BuildFiles, Built, MeasureUnits, Progress, build, measure_missing};
pub use table::cache::{NoCacheFolder, cache_folder, journal_path, table_path};
pub use table::device_table::{DeviceTable, ForeignTable};
pub use table::file::FileError;
pub use table::journal::Sample;
pub use table::latency_source::{DeviceLatency, NativeLatency};
pub use table::plan::{BuildSettings, Plan, plan};
pub use table::predict::{Coverage, Prediction};
pub use table::{Entry, Table, Timing};
