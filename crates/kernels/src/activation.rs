//! Activations and gates, in vectors and one by one.

#![allow(unsafe_code)]

use crate::simd::Simd;

/// A function applied to each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x
    Linear,
    /// max(x, 0)
    Relu,
    /// min(max(x, 0), 6)
    Relu6,
    /// x * relu6(x + 3) / 6
    HardSwish,
    /// x * sigmoid(x)
    Swish,
    /// 1 / (1 + e^-x)
    Sigmoid,
    /// relu6(x + 3) / 6
    HardSigmoid,
}

impl Activation {
    /// The function of one number.
    pub fn of(self, x: f32) -> f32 {
        let hard_sigmoid = |x: f32| (x + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0);
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        match self {
            Activation::Linear => x,
            Activation::Relu => x.max(0.0),
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::HardSwish => x * hard_sigmoid(x),
            Activation::Swish => x * sigmoid(x),
            Activation::Sigmoid => sigmoid(x),
            Activation::HardSigmoid => hard_sigmoid(x),
        }
    }

    /// Overwrites each number with its image.
    pub fn apply(self, values: &mut [f32]) {
        values.iter_mut().for_each(|value| *value = self.of(*value));
    }
}

/// The function of a vector.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(crate) unsafe fn activate<S: Simd>(act: Activation, x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set; the pointers are to local arrays.
    unsafe {
        let zero = S::splat(0.0);
        match act {
            Activation::Linear => x,
            Activation::Relu => S::max(x, zero),
            Activation::Relu6 => S::min(S::max(x, zero), S::splat(6.0)),
            Activation::HardSigmoid => hard_sigmoid::<S>(x),
            Activation::HardSwish => S::mul(x, hard_sigmoid::<S>(x)),
            Activation::Swish | Activation::Sigmoid => {
                let mut lanes = [0.0; 16];
                S::store(lanes.as_mut_ptr(), x);
                act.apply(&mut lanes[..S::LANES]);
                S::load(lanes.as_ptr())
            }
        }
    }
}

#[inline(always)]
unsafe fn hard_sigmoid<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let shifted = S::max(S::add(x, S::splat(3.0)), S::splat(0.0));
        S::mul(S::min(shifted, S::splat(6.0)), S::splat(1.0 / 6.0))
    }
}
