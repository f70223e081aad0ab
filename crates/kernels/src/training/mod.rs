//! The forward and backward passes of every op for training.
//!
//! Maps are slices of `[images, height, width, channels]`, f32, unless a function says that it takes one
//! image. Each function runs on the calling thread. Weights and their gradients have PyTorch's layouts.
//! Gradients of weights are added to the elements of their slice. Outputs and gradients of maps are
//! appended where they are a `Vec`, and overwritten where they are a slice.

mod append;
mod conv;
mod conv_backward;
mod conv_shape;
mod depthwise;
mod depthwise_loops;
mod loss;
mod maps;
mod norm;
mod norm_block;
mod norm_loops;
mod norm_statistics;
mod out_gradient;
mod outer_product;
mod partial_vectors;
mod pool;

pub use conv::{Filters, conv_forward};
pub use conv_backward::{ConvGradients, conv_backward};
pub use conv_shape::ConvShape;
pub use depthwise::{depthwise_backward, depthwise_forward};
pub use loss::{cross_entropy, smoothed_targets};
pub use maps::{activation_backward, add_assign, column_sums, scale_backward};
pub use norm::{NormAct, NormBackward};
pub use norm_statistics::NormStatistics;
pub use out_gradient::OutGradient;
pub use pool::{avg_pool_backward, global_avg_pool_backward, max_pool_backward};
