//! Forward and backward of every op for training.
//!
//! Maps are `[images, height, width, channels]`, f32, as slices; each function runs on the calling
//! thread. Weights and their gradients are in PyTorch's layouts. Gradients of weights are added to
//! what the slice holds; outputs and gradients of maps that are `Vec`s are appended, slices overwritten.

mod append;
mod conv;
mod depthwise;
mod loss;
mod maps;
mod norm;
mod out_gradient;
mod outer_product;
mod pool;

pub use conv::{ConvGradients, ConvShape, conv_backward, conv_forward};
pub use depthwise::{depthwise_backward, depthwise_forward};
pub use loss::{cross_entropy, smoothed_targets};
pub use maps::{activation_backward, add_assign, column_sums, scale_backward};
pub use norm::{NormAct, NormBackward, NormStatistics};
pub use out_gradient::OutGradient;
pub use pool::{avg_pool_backward, global_avg_pool_backward, max_pool_backward};
