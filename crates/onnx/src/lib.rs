#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod builder;
mod export;
mod nodes;
pub mod proto;

pub use export::{Batch, BatchNorm, OnnxError, Settings, encode, model};
