//! Activations and gates.

use candle_core::{Result, Tensor};
use kernels::Activation;

use super::maps::constant;

/// `act(x)` for each element of a tensor of any shape. Where the function is not differentiable,
/// the gradient is that of its flat side.
pub fn activation(x: &Tensor, act: Activation) -> Result<Tensor> {
    match act {
        Activation::Linear => Ok(x.clone()),
        Activation::Relu => x.le(0.0)?.where_cond(&constant(x, 0.0)?, x),
        Activation::Relu6 => between(x, (0.0, 0.0), (6.0, 6.0), x),
        Activation::HardSwish => x.mul(&hard_sigmoid(x)?),
        Activation::Swish => x.silu(),
        Activation::Sigmoid => candle_nn::ops::sigmoid(x),
        Activation::HardSigmoid => hard_sigmoid(x),
    }
}

fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    between(x, (-3.0, 0.0), (3.0, 1.0), &((x + 3.0)? / 6.0)?)
}

/// `inside` where `x` is strictly between two bounds, and a constant at and beyond each bound.
/// `low` and `high` are a bound and its constant.
fn between(x: &Tensor, low: (f64, f64), high: (f64, f64), inside: &Tensor) -> Result<Tensor> {
    let cut = x.ge(high.0)?.where_cond(&constant(x, high.1)?, inside)?;
    x.le(low.0)?.where_cond(&constant(x, low.1)?, &cut)
}
