//! CPU kernels of the ops of mobile networks: slices in, slices out.
//!
//! Activations are `[height, width, channels]` (NHWC, one image), f32. Each hot loop is written once
//! over vectors of any instruction set and compiled for every one; which one runs is decided at run
//! time. Convolutions take packed weights and apply bias, residual and activation while the sums are
//! still in registers. Nothing allocates: who needs scratch is handed it.

#![warn(clippy::unwrap_used)]

mod activation;
mod bands;
mod conv;
mod depthwise;
mod depthwise_rows;
mod gemm;
mod geometry;
mod microkernel;
mod packed;
mod parallel;
mod pool;
mod rearrange;
mod simd;
pub mod training;

pub use activation::Activation;
pub use bands::{Bands, Pointwise};
pub use conv::{Conv, Epilogue};
pub use depthwise::Depthwise;
pub use gemm::{Rows, gemm};
pub use geometry::Geometry;
pub use packed::PackedMatrix;
pub use parallel::Threads;
pub use pool::{avg_pool, global_avg_pool, max_pool};
pub use rearrange::{add, channel_shuffle, copy_channels, scale_channels};
pub use simd::InstructionSet;
