//! Trains a network: the same [`search_space::Graph`] that the engine runs, forward and backward
//! over the kernels.
//!
//! A batch is cut into shards of [`SHARD_IMAGES`] images; one single-threaded replica a thread works
//! through them. Gradients are added in shard order and running statistics are the mean of the
//! shards', so that the thread count changes no bit of the weights.

#![warn(clippy::unwrap_used)]

mod arena;
mod backward;
mod error;
mod forward;
mod initialise;
mod layer;
mod parameter;
mod trainer;

pub use error::TrainingError;
pub use parameter::{Decay, Parameter, RunningStatistics};
pub use trainer::{SHARD_IMAGES, Trainer};
