//! Every op of a mobile network, spelt in ops that candle itself has: its own autograd makes the
//! gradients.
//!
//! It serves twice: the tests of the fused ops hold them against it, as nothing but the formulas is
//! common to both, and it is what runs where there is no fused op, as on a GPU.
//!
//! Maps are `[batch, height, width, channels]`, vectors `[batch, 1, 1, channels]`, all sides at
//! least 1. Weights are in PyTorch's layout. Numbers are f32 or f64. What does not fit is an error.

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
