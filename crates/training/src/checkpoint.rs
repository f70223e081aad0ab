//! Checkpoints: the whole state of a run between two steps, in a safetensors file. A run that is
//! resumed from it takes the same steps as one that was never interrupted.

use serde::{Deserialize, Serialize};

use std::sync::atomic::Ordering;

use candle_core::Var;

use crate::error::TrainingError;
use crate::model::{Model, NamedVar};
use crate::run::Run;
use crate::tensor_file::{read_safetensors, write_safetensors};
use crate::tensors::Tensors;

/// The metadata key of [`State`].
const STATE: &str = "state";
/// The prefixes of the tensors of the model and of its moving average.
const MODEL: &str = "model";
const AVERAGE: &str = "average";

/// The part of a run's state that is not in tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The caller's text on the settings of the run.
    pub(crate) settings: String,
    pub(crate) step: u64,
    pub(crate) batches: u64,
    /// The bits of the value, since a decimal text would round it.
    pub(crate) epoch_loss_bits: u64,
}

/// A checkpoint as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) state: State,
    pub(crate) tensors: Tensors,
}

impl Checkpoint {
    /// Reads the bytes of a checkpoint.
    ///
    /// # Errors
    /// A file of another format or a truncated one.
    pub fn read(bytes: &[u8]) -> Result<Self, TrainingError> {
        let (tensors, metadata) = read_safetensors(bytes)?;
        let state = metadata.get(STATE).map(|text| serde_json::from_str(text));
        match state {
            Some(Ok(state)) => Ok(Self { state, tensors }),
            _ => Err(TrainingError::File {
                found: "a file whose metadata lack the state of a run".to_owned(),
                expected: "a checkpoint of nas train".to_owned(),
            }),
        }
    }

    /// Number of steps that the run had taken.
    pub fn steps_done(&self) -> u64 {
        self.state.step
    }

    /// The settings that the run was started with, as [`Run::checkpoint`] was given them.
    pub fn settings(&self) -> &str {
        &self.state.settings
    }
}

impl State {
    /// The bytes of a checkpoint with the values of these variables.
    pub(crate) fn with(&self, slots: &[NamedVar]) -> Result<Vec<u8>, TrainingError> {
        let state = serde_json::to_string(self).map_err(|error| TrainingError::File {
            found: error.to_string(),
            expected: "a state that can be written".to_owned(),
        })?;
        let values: Vec<Vec<f32>> = slots.iter().map(NamedVar::values).collect::<Result<_, _>>()?;
        let tensors: Vec<(String, &[usize], &[f32])> = slots
            .iter()
            .zip(&values)
            .map(|(NamedVar { name, var }, values)| (name.clone(), var.dims(), &values[..]))
            .collect();
        write_safetensors(&tensors, (STATE, &state))
    }
}

impl Run {
    /// The bytes of a checkpoint. `settings` describes the settings of the run, so that they can be
    /// compared before it is resumed.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn checkpoint(&self, settings: &str) -> Result<Vec<u8>, TrainingError> {
        let state = State {
            settings: settings.to_owned(),
            step: self.step,
            batches: self.model.batches.load(Ordering::Relaxed),
            epoch_loss_bits: self.epoch_loss.to_bits(),
        };
        state.with(&self.slots())
    }

    /// Resumes from a checkpoint of a run with the same network and optimiser. A moving average that
    /// the checkpoint does not have starts from the weights.
    ///
    /// # Errors
    /// A checkpoint of another network or optimiser.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainingError> {
        let stored = |name: &str| {
            let tensor = checkpoint.tensors.get(name);
            tensor.or_else(|| {
                let weights = name.strip_prefix(AVERAGE)?.strip_prefix('.')?;
                checkpoint.tensors.get(&format!("{MODEL}.{weights}"))
            })
        };
        for NamedVar { name, var } in self.slots() {
            match stored(&name) {
                Some(tensor) if tensor.values.len() == var.elem_count() => {
                    var.set(&self.model.backend.tensor(&tensor.values, var.dims())?)?;
                }
                _ => return Err(TrainingError::OtherNetwork),
            }
        }
        let State { step, batches, epoch_loss_bits, .. } = &checkpoint.state;
        self.step = *step;
        self.model.batches.store(*batches, Ordering::Relaxed);
        self.epoch_loss = f64::from_bits(*epoch_loss_bits);
        Ok(())
    }

    /// Every variable of the run, with the name of its tensor in a checkpoint.
    fn slots(&self) -> Vec<NamedVar> {
        let named = |part: &str, name: &str, var: &Var| NamedVar {
            name: format!("{part}.{name}"),
            var: var.clone(),
        };
        let of_model = |part: &'static str, model: &Model| -> Vec<NamedVar> {
            model.state().iter().map(|state| named(part, &state.name, &state.var)).collect()
        };
        let mut slots = of_model(MODEL, &self.model);
        slots.extend(self.average.iter().flat_map(|average| of_model(AVERAGE, average)));
        for (part, vars) in self.optimiser.state() {
            let parameters = self.model.parameters().zip(vars);
            slots.extend(parameters.map(|(parameter, var)| named(part, &parameter.name, var)));
        }
        slots
    }
}
