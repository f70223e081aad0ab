//! Activation functions of whole vectors, and their derivatives.

#![allow(unsafe_code)]

use crate::activation::{Activation, InRegisters};
use crate::simd::Simd;

/// Applies the activation to every lane of the vectors.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(crate) unsafe fn activate<S: Simd, const ROWS: usize, const COLUMNS: usize>(
    act: InRegisters,
    values: &mut [[S::Vector; COLUMNS]; ROWS],
) {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        match act {
            InRegisters::Clamp(low, high) => {
                let (low, high) = (S::splat(low), S::splat(high));
                for value in values.as_flattened_mut() {
                    *value = S::min(high, S::max(low, *value));
                }
            }
            InRegisters::HardSwish => {
                for value in values.as_flattened_mut() {
                    *value = S::mul(*value, hard_sigmoid::<S>(*value));
                }
            }
        }
    }
}

/// The function at each lane of `x`.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(crate) unsafe fn evaluate<S: Simd>(act: Activation, x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        match act {
            Activation::Sigmoid => sigmoid::<S>(x),
            Activation::Swish => S::mul(x, sigmoid::<S>(x)),
            Activation::HardSigmoid => hard_sigmoid::<S>(x),
            act => {
                let mut values = [[x]];
                activate::<S, 1, 1>(act.in_registers(), &mut values);
                values[0][0]
            }
        }
    }
}

/// `gradient` times the function's derivative at `x`. At a kink, the derivative is that of the flat
/// side, as in PyTorch.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(crate) unsafe fn pull_back<S: Simd>(
    act: Activation,
    x: S::Vector,
    gradient: S::Vector,
) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let one = S::splat(1.0);
        let minus = S::splat(-1.0);
        match act {
            Activation::Linear => gradient,
            Activation::Relu => S::between(x, 0.0, f32::INFINITY, gradient),
            Activation::Relu6 => S::between(x, 0.0, 6.0, gradient),
            Activation::HardSwish => {
                let slope = S::mul_add(x, S::splat(1.0 / 3.0), S::splat(0.5));
                let curved = S::between(x, -3.0, 3.0, S::mul(slope, gradient));
                S::add(curved, S::between(x, 3.0_f32.next_down(), f32::INFINITY, gradient))
            }
            Activation::Swish => {
                let s = sigmoid::<S>(x);
                let rest = S::mul_add(s, minus, one);
                S::mul(gradient, S::mul(s, S::mul_add(x, rest, one)))
            }
            Activation::Sigmoid => {
                let s = sigmoid::<S>(x);
                S::mul(gradient, S::mul(s, S::mul_add(s, minus, one)))
            }
            Activation::HardSigmoid => {
                S::between(x, -3.0, 3.0, S::mul(gradient, S::splat(1.0 / 6.0)))
            }
        }
    }
}

#[inline(always)]
unsafe fn hard_sigmoid<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let shifted = S::max(S::splat(0.0), S::add(x, S::splat(3.0)));
        S::mul(S::min(S::splat(6.0), shifted), S::splat(1.0 / 6.0))
    }
}

/// Below this, the sigmoid is what it is here, 9e-27. Gates of 1e-38 would make products of maps
/// denormal, with which a convolution takes three times as long.
const MIN_SIGMOID_AT: f32 = -60.0;

#[inline(always)]
unsafe fn sigmoid<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let one = S::splat(1.0);
        let x = S::max(S::splat(MIN_SIGMOID_AT), x);
        S::div(one, S::add(one, exp::<S>(S::mul(x, S::splat(-1.0)))))
    }
}

/// 1.5 x 2^23: added to a value below 2^22, it leaves the nearest integer in the bits of the fraction.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts. The first (355/512) has so few bits that its products with small integers are
/// exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// e^x to within two units in the last place, with x clamped to -87..87. It is 2^n e^r, where n is the
/// integer nearest to x / ln 2, and e^r comes from its Taylor series, with |r| <= ln 2 / 2.
#[inline(always)]
unsafe fn exp<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let x = S::min(S::splat(87.0), S::max(S::splat(-87.0), x));
        let rounded = S::mul_add(x, S::splat(std::f32::consts::LOG2_E), S::splat(ROUND));
        let n = S::add(rounded, S::splat(-ROUND));
        let r = S::mul_add(n, S::splat(-LN_2[0]), x);
        let r = S::mul_add(n, S::splat(-LN_2[1]), r);
        let mut power = S::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            power = S::mul_add(power, r, S::splat(coefficient));
        }
        // The exponent's bias is 127.
        S::mul(power, S::fraction_to_exponent(S::add(rounded, S::splat(127.0))))
    }
}
