#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod checkpoint;
mod error;
mod evaluate;
mod fine_tune;
pub mod fit;
pub mod forecast;
mod foreign_names;
mod forward;
mod import;
mod initialise;
mod model;
pub mod ops;
mod optim;
mod recipe;
mod run;
mod state_dict;
mod step_time;
pub mod stock;
pub mod supernet;
mod tensor_file;
mod tensors;
mod trainer;
mod truncate;
mod units;
mod weights_file;

pub use checkpoint::Checkpoint;
pub use error::{TensorFault, TrainingError};
pub use evaluate::{Evaluation, SampleResult, evaluate, sample_results};
pub use fine_tune::{FineTune, fine_tune};
pub use import::{Classifier, Framework, ImportSettings, Imported, import};
pub use model::{Backend, Model, NamedVar, Placement};
pub use optim::{RmsProp, RmsPropConfig, Sgd, SgdConfig, clip_factor, ema};
pub use recipe::{Optimiser, Recipe};
pub use run::{Epoch, Run};
pub use state_dict::{ModelClaims, StateDictSource, StateFile, StateFileFormat};
pub use step_time::{FORWARD_SHARE, StepTime, time_steps};
pub use tensor_file::{read_safetensors, write_safetensors};
pub use tensors::{Tensor, TensorSpec, Tensors, tensor_specs};
pub use trainer::{BatchGradients, SHARD_IMAGES};
pub use truncate::truncate;
pub use weights_file::{Form, WeightsFile, write_weights};
