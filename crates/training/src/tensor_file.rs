//! safetensors and PyTorch's pickles.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use candle_core::pickle::PthTensors;
use candle_core::{DType, Device};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::TrainingError;
use crate::tensors::{Tensor, Tensors};

/// The key of a state dict inside a larger checkpoint.
const STATE_DICT: &str = "state_dict";

fn bad_file(found: impl Display, expected: &str) -> TrainingError {
    TrainingError::File { found: found.to_string(), expected: expected.to_owned() }
}

fn tensor(from: &candle_core::Tensor) -> candle_core::Result<Tensor> {
    let values = from.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    Ok(Tensor { shape: from.dims().to_vec(), values })
}

/// The tensors of a safetensors file, as f32, and its metadata.
///
/// # Errors
/// Bytes of another format, or part of a file.
pub fn read_safetensors(bytes: &[u8]) -> Result<(Tensors, HashMap<String, String>), TrainingError> {
    const ALLOWED: &str = "a whole safetensors file";
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|error| bad_file(error, ALLOWED))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
    let tensors = tensors.map_err(|error| bad_file(error, ALLOWED))?;
    let read = |(name, from): (String, _)| Ok((name, tensor(&from)?));
    let tensors = tensors.into_iter().map(read).collect::<candle_core::Result<_>>();
    let tensors = tensors.map_err(|error| bad_file(error, "tensors of integers or floats"))?;
    Ok((tensors, metadata.metadata().clone().unwrap_or_default()))
}

/// The bytes of a safetensors file with one entry of metadata. Tensors are names, shapes, elements.
///
/// # Errors
/// A shape that does not fit its elements.
pub fn write_safetensors(
    tensors: &[(String, &[usize], &[f32])],
    (key, text): (&str, &str),
) -> Result<Vec<u8>, TrainingError> {
    let bytes_of = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, values)| bytes_of(values)).collect();
    let refused = |error: safetensors::SafeTensorError| bad_file(error, "tensors that fit");
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, shape, _), bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(refused)?;
        views.push((name, view));
    }
    let metadata = HashMap::from([(key.to_owned(), text.to_owned())]);
    safetensors::serialize(views, Some(metadata)).map_err(refused)
}

/// A state dict in a file that `torch.save` wrote, also under the key `state_dict`.
///
/// # Errors
/// A file that cannot be read or is of another format.
fn read_pickle(path: &Path) -> Result<Tensors, TrainingError> {
    let read = |key: Option<&str>| -> candle_core::Result<Tensors> {
        let file = PthTensors::new(path, key)?;
        let mut tensors = Tensors::new();
        for name in file.tensor_infos().keys() {
            if let Some(from) = file.get(name)? {
                tensors.insert(name.clone(), tensor(&from)?);
            }
        }
        Ok(tensors)
    };
    let tensors = match read(None) {
        Ok(tensors) if tensors.is_empty() => read(Some(STATE_DICT)),
        done => done,
    };
    let tensors = tensors.map_err(|error| bad_file(error, "a state dict saved by torch.save"))?;
    match tensors.is_empty() {
        true => Err(bad_file("no tensors", "a state dict saved by torch.save")),
        false => Ok(tensors),
    }
}

/// A state dict: a safetensors file, or one that `torch.save` wrote, whichever it is by its content.
///
/// # Errors
/// A file that cannot be read or is of another format.
pub fn read_state_dict(path: &Path) -> Result<Tensors, TrainingError> {
    let bytes = std::fs::read(path)
        .map_err(|error| bad_file(error, "a safetensors file or one of torch.save"))?;
    if bytes.starts_with(b"PK") {
        return read_pickle(path);
    }
    Ok(read_safetensors(&bytes)?.0)
}
