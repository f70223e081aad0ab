#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod device;
mod error;
mod measure;
mod table;

pub use device::memory::{memory_bytes, memory_bytes_under};
pub use device::setup::{ForeignSetup, Precision, Runtime, Setup};
pub use device::{Cache, Device};
pub use error::PredictorError;
pub use measure::conditions::{Conditions, Disturbance};
pub use measure::lock::{LockError, MeasuringLock};
pub use measure::meter::{Meter, ProbeLevel};
pub use measure::processor_time::ProcessorTime;
pub use measure::quantiles::Quantiles;
pub use measure::relative_latency::remeasure_outlier;
pub use measure::runs::{Measured, Runs};
pub use table::anchors::{Anchor, Level, WholeLatency};
pub use table::build::{BuildFiles, Built, MeasureUnits, Progress, build, measure_missing};
pub use table::build_record::BuildRecord;
pub use table::cache::{NoCacheFolder, cache_folder, journal_path, table_path};
pub use table::cold_weights::{ColdPoint, ColdWeights};
pub use table::device_table::{DeviceTable, ForeignTable};
pub use table::diff::{BlockDiff, NetworksDiff, NoCommonBlocks, TableDiff};
pub use table::file::FileError;
pub use table::interpolate::Interpolated;
pub use table::interpolate::subset::measured_units;
pub use table::journal::Sample;
pub use table::latency_source::{DeviceLatency, NativeLatency};
pub use table::monotonicity::{Dimension, Violation};
pub use table::plan::{BuildSettings, MeasuredWidths, Plan, plan};
pub use table::predict::{Coverage, MissingUnits, Prediction};
pub use table::validate::draw::{DrawnNetwork, TooFewNetworks, draw_networks};
pub use table::validate::errors::Errors;
pub use table::validate::passes::{Pass, measure_passes};
pub use table::validate::{InvalidPasses, RankCorrelations, Validation, measured_ms};
pub use table::{Entry, Table, Timing};
