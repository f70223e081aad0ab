#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod buffers;
mod error;
mod fuse;
mod fused_inverted_residual;
mod operation;
mod plan;
mod plan_convs;
mod run;

pub use error::EngineError;
pub use fused_inverted_residual::fused_inverted_residuals;
pub use run::Engine;
