//! All of a run between two steps, in a safetensors file: a run that goes on from it takes the same
//! steps as one that was never interrupted.

use serde::{Deserialize, Serialize};

use std::sync::atomic::Ordering;

use candle_core::Var;

use crate::error::TrainingError;
use crate::model::{Model, NamedVar};
use crate::run::Run;
use crate::tensor_file::{read_safetensors, write_safetensors};
use crate::tensors::Tensors;

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
                expected: "a checkpoint of nas train".to_owned(),
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
    pub fn checkpoint(&self, settings: &str) -> Result<Vec<u8>, TrainingError> {
        let state = State {
            settings: settings.to_owned(),
            step: self.step,
            batches: self.model.batches.load(Ordering::Relaxed),
            epoch_loss_bits: self.epoch_loss.to_bits(),
        };
        let state = serde_json::to_string(&state).map_err(|error| TrainingError::File {
            found: error.to_string(),
            expected: "a state that can be written".to_owned(),
        })?;
        let slots = self.slots();
        let values: Vec<Vec<f32>> = slots.iter().map(NamedVar::values).collect::<Result<_, _>>()?;
        let tensors: Vec<(String, &[usize], &[f32])> = slots
            .iter()
            .zip(&values)
            .map(|(NamedVar { name, var }, values)| (name.clone(), var.dims(), &values[..]))
            .collect();
        write_safetensors(&tensors, (STATE, &state))
    }

    /// Goes on from a checkpoint of a run of the same network and recipe.
    ///
    /// # Errors
    /// A checkpoint of another network or recipe.
    pub fn resume(&mut self, mut checkpoint: Checkpoint) -> Result<(), TrainingError> {
        for NamedVar { name, var } in self.slots() {
            match checkpoint.tensors.remove(&name) {
                Some(tensor) if tensor.values.len() == var.elem_count() => {
                    var.set(&self.model.backend.tensor(&tensor.values, var.dims())?)?;
                }
                _ => return Err(TrainingError::OtherNetwork),
            }
        }
        let State { step, batches, epoch_loss_bits, .. } = checkpoint.state;
        self.step = step;
        self.model.batches.store(batches, Ordering::Relaxed);
        self.epoch_loss = f64::from_bits(epoch_loss_bits);
        Ok(())
    }

    /// Every variable of the run.
    fn slots(&self) -> Vec<NamedVar> {
        let named = |part: &str, name: &str, var: &Var| NamedVar {
            name: format!("{part}.{name}"),
            var: var.clone(),
        };
        let of_model = |part: &'static str, model: &Model| -> Vec<NamedVar> {
            model.state().iter().map(|state| named(part, &state.name, &state.var)).collect()
        };
        let mut slots = of_model("model", &self.model);
        slots.extend(self.average.iter().flat_map(|average| of_model("average", average)));
        for (part, vars) in self.optimiser.state() {
            let parameters = self.model.parameters().zip(vars);
            slots.extend(parameters.map(|(parameter, var)| named(part, &parameter.name, var)));
        }
        slots
    }
}
