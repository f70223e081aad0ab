//! Trains a network: the same [`search_space::Graph`] that the engine runs, forward and backward
//! over the kernels.
//!
//! A batch is cut into shards of [`SHARD_IMAGES`] images; one single-threaded replica a thread works
//! through them. Gradients are added in shard order and running statistics are the mean of the
//! shards', so that the thread count changes no bit of the weights.
//!
//! [`Trainer`] gives gradients and logits, [`Run`] steps by a [`Recipe`] and is saved as a
//! [`Checkpoint`], [`WeightsFile`] is what remains, [`import`] takes weights from elsewhere.

#![warn(clippy::unwrap_used)]

mod arena;
mod backward;
mod checkpoint;
mod error;
mod evaluate;
mod fine_tune;
mod foreign_names;
mod forward;
mod import;
mod initialise;
mod layer;
mod model;
mod recipe;
mod run;
mod tensor_file;
mod tensors;
mod trainer;
mod truncate;
mod weights_file;

pub use checkpoint::Checkpoint;
pub use error::{TensorFault, TrainingError};
pub use evaluate::{Evaluation, Verdict, evaluate, verdicts};
pub use fine_tune::{FineTune, fine_tune};
pub use import::{Framework, import};
pub use model::{Decay, Model, Parameter, RunningStatistics};
pub use recipe::{Optimiser, Recipe};
pub use run::{Epoch, Run};
pub use tensor_file::{read_safetensors, read_state_dict, write_safetensors};
pub use tensors::{Tensor, TensorSpec, Tensors, tensor_specs};
pub use trainer::{SHARD_IMAGES, Trainer};
pub use truncate::truncate;
pub use weights_file::{WeightsFile, write_weights};
