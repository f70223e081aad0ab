//! CPU kernels of the ops of mobile networks: slices in, slices out.
//!
//! Activations are `[height, width, channels]` (NHWC, one image), f32. Each hot loop is written once
//! over [`simd::Simd`] and compiled for every instruction set; which one runs is decided at run
//! time. Convolutions take packed weights and apply bias, residual and activation while the
//! accumulators are still in registers. Nothing allocates once scratch has grown.

#![warn(clippy::unwrap_used)]

mod activation;
mod conv;
mod depthwise;
mod epilogue;
mod gemm;
mod microkernel;
mod packed;
mod parallel;
mod pool;
mod rearrange;
mod simd;

pub use activation::Activation;
pub use conv::{Conv, Geometry};
pub use depthwise::Depthwise;
pub use gemm::{Rows, gemm};
pub use packed::PackedMatrix;
pub use parallel::Threads;
pub use pool::{avg_pool, global_avg_pool, max_pool};
pub use rearrange::{add, channel_shuffle, copy_channels, scale_channels};
pub use simd::InstructionSet;
