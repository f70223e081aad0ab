//! Forward and backward of every op for training.
//!
//! Maps are `[images, height, width, channels]`, f32, as slices; each function runs on the calling
//! thread. Weights and their gradients are in PyTorch's layouts. Gradients of weights are added to
//! what the slice holds, gradients of maps overwrite it, unless a function says otherwise.

mod conv;
mod depthwise;
mod loss;
mod maps;
mod norm;
mod optimiser;
mod outer_product;
mod pool;

pub use conv::{ConvShape, conv_forward, conv_input_gradient, conv_weight_gradient};
pub use depthwise::{depthwise_forward, depthwise_input_gradient, depthwise_weight_gradient};
pub use loss::{cross_entropy, smoothed_targets};
pub use maps::{
    activation_backward, add_assign, column_sums, copy_channels_back, scale_backward, shuffle_back,
};
pub use norm::{NormAct, norm_statistics};
pub use optimiser::{Momentum, RmsProp, Sgd, clip_factor, ema, rmsprop_step, sgd_step};
pub use pool::{avg_pool_backward, global_avg_pool_backward, max_pool_backward};
