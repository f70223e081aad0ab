//! A network's graph and weights as an ONNX file (opset 17) that ONNX Runtime and others read.
//!
//! [`encode`] gives the file's bytes. The input is `input`, `[batch, channels, height, width]` f32;
//! the output is `logits`, `[batch, classes]`. Tensors are named as PyTorch names them
//! (`blocks.0.conv.conv.weight`, `blocks.0.conv.bn.running_var`).

#![warn(clippy::unwrap_used)]

mod builder;
mod export;
mod nodes;
pub mod proto;

pub use export::{Batch, BatchNorm, OnnxError, Settings, encode, model};
