//! Runs a network's graph on the CPU.
//!
//! [`Engine::new`] compiles a [`search_space::Graph`] and [`Weights`] to steps: batch norm folded into
//! convolutions, activations and residual sums in their epilogues, weights packed, buffers planned.
//! [`Engine::run`] then allocates nothing.

#![warn(clippy::unwrap_used)]

mod bands;
mod buffers;
mod error;
mod fuse;
mod plan;
mod run;
mod step;

pub use error::EngineError;
pub use run::Engine;
pub use search_space::{NodeWeights, Weights};
