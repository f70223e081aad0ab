//! The ops of mobile networks built from candle's own ops, whose autograd computes the gradients.
//!
//! They are the reference in the tests of the fused ops, with which they share only the formulas,
//! and they compute networks where there are no fused ops, such as on a GPU.
//!
//! Maps are `[batch, height, width, channels]` and vectors `[batch, 1, 1, channels]`, with all
//! dimensions at least 1. Weights are in PyTorch's layout. Elements are f32 or f64. Inputs that do
//! not fit are an error.

mod activation;
mod conv;
mod loss;
mod maps;
mod norm;
mod pool;
mod window;

pub use activation::activation;
pub use conv::conv2d;
pub use loss::cross_entropy;
pub use maps::{add, channel_shuffle, concat, multiply, split};
pub use norm::{conv2d_norm_act, norm_act, norm_act_eval};
pub use pool::{avg_pool2d, global_avg_pool, max_pool2d};
