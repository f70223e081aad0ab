#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod builder;
mod export;
mod metadata;
mod nodes;
mod opset;
pub mod proto;

pub use export::{Batch, BatchNorm, OnnxError, Settings, encode, model};
pub use metadata::{CLASS_NAMES, Metadata, PREPROCESSING};
pub use opset::Opset;
