//! All of a run between two steps, in a safetensors file: a run that goes on from it takes the same
//! steps as one that was never interrupted.

use serde::{Deserialize, Serialize};

use crate::error::TrainingError;
use crate::model::Model;
use crate::run::Run;
use crate::tensor_file::{read_safetensors, write_safetensors};
use crate::tensors::{TensorSpec, Tensors, tensor_specs};

/// The metadata that holds all that is no tensor.
const STATE: &str = "state";

/// What is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Of the caller: what the run was started with.
    settings: String,
    step: u64,
    batches: u64,
    /// Bits: a text would round.
    epoch_loss_bits: u64,
}

/// A checkpoint as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    state: State,
    tensors: Tensors,
}

impl Checkpoint {
    /// Reads the bytes of a checkpoint.
    ///
    /// # Errors
    /// Another format, or part of a file.
    pub fn read(bytes: &[u8]) -> Result<Self, TrainingError> {
        let (tensors, metadata) = read_safetensors(bytes)?;
        let state = metadata.get(STATE).map(|text| serde_json::from_str(text));
        match state {
            Some(Ok(state)) => Ok(Self { state, tensors }),
            _ => Err(TrainingError::File {
                found: "no state of a run in the metadata".to_owned(),
                allowed: "a checkpoint of nas train".to_owned(),
            }),
        }
    }

    /// What the run was started with.
    pub fn settings(&self) -> &str {
        &self.state.settings
    }
}

impl Run {
    /// The bytes of a checkpoint; `settings` is what the run was started with, to be compared
    /// before it goes on.
    ///
    /// # Errors
    /// None that a run could cause.
    pub fn checkpoint(&mut self, settings: &str) -> Result<Vec<u8>, TrainingError> {
        let state = State {
            settings: settings.to_owned(),
            step: self.step,
            batches: self.trainer.batches,
            epoch_loss_bits: self.epoch_loss.to_bits(),
        };
        let state = serde_json::to_string(&state).map_err(|error| TrainingError::File {
            found: error.to_string(),
            allowed: "a state that can be written".to_owned(),
        })?;
        let slots = self.slots();
        let tensors: Vec<(String, &[usize], &[f32])> = slots
            .iter()
            .map(|(name, shape, values)| (name.clone(), &shape[..], &values[..]))
            .collect();
        write_safetensors(&tensors, (STATE, &state))
    }

    /// Goes on from a checkpoint of a run of the same network and recipe.
    ///
    /// # Errors
    /// A checkpoint of another network or recipe.
    pub fn resume(&mut self, mut checkpoint: Checkpoint) -> Result<(), TrainingError> {
        for (name, shape, values) in self.slots() {
            match checkpoint.tensors.remove(&name) {
                Some(tensor) if tensor.shape == shape => *values = tensor.values,
                _ => return Err(TrainingError::OtherNetwork),
            }
        }
        let State { step, batches, epoch_loss_bits, .. } = checkpoint.state;
        (self.step, self.trainer.batches) = (step, batches);
        self.epoch_loss = f64::from_bits(epoch_loss_bits);
        Ok(())
    }

    /// Every tensor of the run with its name and shape.
    fn slots(&mut self) -> Vec<(String, Vec<usize>, &mut Vec<f32>)> {
        let specs = tensor_specs(self.trainer.graph());
        let names: Vec<String> =
            self.trainer.model().parameters.iter().map(|p| p.name.clone()).collect();
        let mut slots = of_model("model", &specs, self.trainer.model_mut());
        if let Some(average) = &mut self.average {
            slots.extend(of_model("average", &specs, average));
        }
        let states = [
            ("velocity", &mut self.optimiser.velocities),
            ("mean_square", &mut self.optimiser.mean_squares),
        ];
        for (part, state) in states {
            for (name, values) in names.iter().zip(state) {
                slots.push((format!("{part}.{name}"), vec![values.len()], values));
            }
        }
        slots
    }
}

/// The tensors of a model, `part` before their names.
fn of_model<'a>(
    part: &str,
    specs: &[TensorSpec],
    model: &'a mut Model,
) -> Vec<(String, Vec<usize>, &'a mut Vec<f32>)> {
    let named = |(TensorSpec { name, shape }, values): (&TensorSpec, &'a mut Vec<f32>)| {
        (format!("{part}.{name}"), shape.clone(), values)
    };
    specs.iter().zip(model.tensors_mut()).map(named).collect()
}
