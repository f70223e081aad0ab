#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

pub mod accuracy;
mod csv_file;
mod csv_text;
pub mod final_trainings;
mod gaussian_process;
pub mod netadapt;
mod parallel;
pub mod random;
pub mod search;
pub mod statistics;
pub mod study;
mod warning;

pub use csv_file::CsvError;
pub use gaussian_process::RegressionError;
pub use warning::Warning;
