#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod activation;
mod activation_vectors;
mod conv;
mod conv_rows;
mod depthwise;
mod depthwise_pixels;
mod depthwise_rows;
mod expanded_rows;
mod fused_inverted_residual;
mod gemm;
mod geometry;
mod memory;
mod microkernel;
mod packed;
mod parallel;
mod pointwise;
mod pool;
mod product;
mod rearrange;
mod simd;
pub mod training;

pub use activation::Activation;
pub use conv::{Conv, ConvWeights, Epilogue};
pub use depthwise::Depthwise;
pub use fused_inverted_residual::FusedInvertedResidual;
pub use gemm::{MatrixProduct, Rows, gemm};
pub use geometry::Geometry;
pub use memory::{Memory, PackedWeights};
pub use packed::PackedMatrix;
pub use parallel::{Threads, Workspace};
pub use pointwise::Pointwise;
pub use pool::{avg_pool, global_avg_pool, max_pool};
pub use rearrange::{ChannelsFrom, add, channel_shuffle, copy_channels, scale_channels};
pub use simd::InstructionSet;
