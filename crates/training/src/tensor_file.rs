//! Reading and writing safetensors files, and reading files of `torch.save`.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use candle_core::pickle::PthTensors;
use candle_core::{DType, Device};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::{TrainingError, message};
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

/// Reads the tensors of a safetensors file, converted to f32, and its metadata.
///
/// # Errors
/// Bytes of another format, a truncated file, or tensors of other types than integers and floats.
pub fn read_safetensors(bytes: &[u8]) -> Result<(Tensors, HashMap<String, String>), TrainingError> {
    const EXPECTED: &str = "a complete safetensors file";
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|error| bad_file(error, EXPECTED))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
    let tensors = tensors.map_err(|error| bad_file(message(error), EXPECTED))?;
    let read = |(name, from): (String, _)| Ok((name, tensor(&from)?));
    let tensors = tensors.into_iter().map(read).collect::<candle_core::Result<_>>();
    let tensors =
        tensors.map_err(|error| bad_file(message(error), "tensors of integers or floats"))?;
    Ok((tensors, metadata.metadata().clone().unwrap_or_default()))
}

/// The bytes of a safetensors file with one metadata entry. `tensors` are names, shapes and elements.
///
/// # Errors
/// A shape that does not match the number of elements.
pub fn write_safetensors(
    tensors: &[(String, &[usize], &[f32])],
    (key, text): (&str, &str),
) -> Result<Vec<u8>, TrainingError> {
    let bytes_of = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, values)| bytes_of(values)).collect();
    let refused = |error: safetensors::SafeTensorError| {
        bad_file(error, "tensors whose shapes match their elements")
    };
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, shape, _), bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(refused)?;
        views.push((name, view));
    }
    let metadata = HashMap::from([(key.to_owned(), text.to_owned())]);
    safetensors::serialize(views, Some(metadata)).map_err(refused)
}

/// Reads a state dict written by `torch.save`, either the whole file or its entry `state_dict`.
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
    let tensors =
        tensors.map_err(|error| bad_file(message(error), "a state dict saved by torch.save"))?;
    match tensors.is_empty() {
        true => Err(bad_file("no tensors", "a state dict saved by torch.save")),
        false => Ok(tensors),
    }
}

/// Reads a state dict from a safetensors file or a file written by `torch.save`; the content
/// decides which.
///
/// # Errors
/// A file that cannot be read or is of another format.
pub fn read_state_dict(path: &Path) -> Result<Tensors, TrainingError> {
    let bytes = std::fs::read(path)
        .map_err(|error| bad_file(error, "a safetensors file, or one written by torch.save"))?;
    if bytes.starts_with(b"PK") {
        return read_pickle(path);
    }
    Ok(read_safetensors(&bytes)?.0)
}
