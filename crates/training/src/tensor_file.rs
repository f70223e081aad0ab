//! Reading and writing safetensors files.

use std::collections::HashMap;
use std::fmt::Display;

use candle_core::{DType, Device};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::TrainingError;
use crate::state_dict::other_files::{OtherFile, looks_like_safetensors};
use crate::tensors::{Tensor, Tensors};

pub(crate) fn bad_file(found: impl Display, expected: impl Into<String>) -> TrainingError {
    TrainingError::File { found: found.to_string(), expected: expected.into() }
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
    if !looks_like_safetensors(bytes) {
        let OtherFile { found, remedy } = OtherFile::of(bytes);
        return Err(bad_file(found, format!("{EXPECTED}; {remedy}")));
    }
    let damaged = |error: &dyn Display| {
        let found = format!("a safetensors file that is cut off or damaged ({error})");
        bad_file(found, EXPECTED)
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
    let tensors = tensors.map_err(|error| damaged(&TrainingError::from(error)))?;
    let read = |(name, from): (String, _)| Ok((name, tensor(&from)?));
    let tensors = tensors.into_iter().map(read).collect::<candle_core::Result<_>>();
    let tensors = tensors
        .map_err(|error| bad_file(TrainingError::from(error), "tensors of integers or floats"))?;
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
