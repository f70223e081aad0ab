//! The ops of mobile networks as candle ops over this project's CPU kernels. They compute in f32,
//! forward and backward on the calling thread.
//!
//! Maps are `[batch, height, width, channels]` (NHWC) and vectors `[batch, 1, 1, channels]`.
//! Weights have PyTorch's shapes: `[out, in / groups, kernel, kernel]` for convolutions and
//! `[out, in]` for linear layers, which are pointwise convolutions of a vector. An op is a function
//! of tensors that can be used anywhere in a candle model, also between candle's own ops. Gradients
//! come from [`backward`](candle_core::Tensor::backward). Inputs that are not contiguous are
//! copied. Inputs that do not fit are an error that names the op and the input.
//!
//! candle runs its element-wise ops on a thread pool of its own, which slows down training on
//! several threads. Set `CANDLE_NUM_THREADS=1` before the first op.
//!
//! [`crate::stock`] has the same functions built from candle's own ops.
//!
//! ```
//! use candle_core::{Device, Tensor, Var};
//! use training::ops::{
//!     Activation, BatchNorm, Conv2d, conv2d_norm_act, cross_entropy, global_avg_pool,
//! };
//!
//! let device = Device::Cpu;
//! let images = Tensor::randn(0f32, 1.0, (2, 8, 8, 3), &device)?;
//! let filters = Var::randn(0f32, 0.2, (10, 3, 3, 3), &device)?;
//! let weight = Var::ones(10, candle_core::DType::F32, &device)?;
//! let bias = Var::zeros(10, candle_core::DType::F32, &device)?;
//! let norm = BatchNorm { weight: &weight, bias: &bias, eps: 1e-5 };
//! let conv = Conv2d { stride: 2, groups: 1 };
//! let (maps, _) = conv2d_norm_act(&images, &filters, conv, norm, Activation::HardSwish)?;
//! assert_eq!(maps.dims(), [2, 4, 4, 10]);
//! let logits = global_avg_pool(&maps)?.flatten_from(1)?;
//! let loss = cross_entropy(&logits, &logits.ones_like()?.affine(0.1, 0.0)?)?;
//! assert_eq!(loss.backward()?.get(&filters).unwrap().dims(), [10, 3, 3, 3]);
//! # candle_core::Result::Ok(())
//! ```

mod conv;
pub(crate) mod elements;
mod loss;
mod maps;
mod norm;
mod pool;
mod types;

pub use conv::{conv2d, conv2d_norm_act};
pub use kernels::Activation;
pub use loss::cross_entropy;
pub use maps::{activation, add, channel_shuffle, concat, multiply, split};
pub use norm::{norm_act, norm_act_eval};
pub use pool::{avg_pool2d, global_avg_pool, max_pool2d};
pub use types::{BatchNorm, BatchStatistics, Conv2d, Pool2d};
