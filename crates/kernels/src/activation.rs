//! Activations and gates, in vectors and one by one.

#![allow(unsafe_code)]

use crate::simd::{InstructionSet, Simd, dispatch};

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
        // SAFETY: `detect` found the instruction set on this CPU.
        unsafe { apply(InstructionSet::detect(), &mut Slice { act: self, values }) }
    }

    /// What a kernel does while its sums are in registers.
    pub(crate) fn in_registers(self) -> InRegisters {
        match self {
            Activation::Relu => InRegisters::Clamp(0.0, f32::INFINITY),
            Activation::Relu6 => InRegisters::Clamp(0.0, 6.0),
            Activation::HardSwish => InRegisters::HardSwish,
            _ => InRegisters::Clamp(f32::NEG_INFINITY, f32::INFINITY),
        }
    }

    /// What is left to apply to the outputs of a kernel that did [`Activation::in_registers`].
    pub(crate) fn afterwards(self) -> Option<Self> {
        matches!(self, Activation::Swish | Activation::Sigmoid | Activation::HardSigmoid)
            .then_some(self)
    }
}

/// The activations that every kernel is compiled with: those that take few instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InRegisters {
    /// Cuts to low..=high.
    Clamp(f32, f32),
    HardSwish,
}

/// Overwrites each number of the vectors with its image.
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
                    *value = S::min(S::max(*value, low), high);
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

struct Slice<'a> {
    act: Activation,
    values: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the set.
    unsafe fn apply(slice: &mut Slice<'_>) = apply_with
}

#[inline(always)]
unsafe fn apply_with<S: Simd>(slice: &mut Slice<'_>) {
    for chunk in slice.values.chunks_mut(S::LANES) {
        let count = chunk.len();
        // SAFETY: the chunk has `count` numbers; the caller vouches for the instruction set.
        unsafe {
            let x = S::load_first(chunk.as_ptr(), count);
            S::store_first(chunk.as_mut_ptr(), image::<S>(slice.act, x), count);
        }
    }
}

/// The image of each number.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(crate) unsafe fn image<S: Simd>(act: Activation, x: S::Vector) -> S::Vector {
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

/// `gradient` times the function's derivative at `x`; where it has none, that of the flat side, as
/// PyTorch has it.
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
        let shifted = S::max(S::add(x, S::splat(3.0)), S::splat(0.0));
        S::mul(S::min(shifted, S::splat(6.0)), S::splat(1.0 / 6.0))
    }
}

#[inline(always)]
unsafe fn sigmoid<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let one = S::splat(1.0);
        S::div(one, S::add(one, exp::<S>(S::mul(x, S::splat(-1.0)))))
    }
}

/// 1.5 x 2^23: added to a number below 2^22, it leaves the nearest integer in the fraction.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts: the first (355/512) has so few bits that its products with small integers are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// e^x within two units in the last place, for x cut to -87..87: e^x = 2^n e^r with n the integer
/// nearest to x / ln 2 and e^r from its Taylor series, |r| <= ln 2 / 2.
#[inline(always)]
unsafe fn exp<S: Simd>(x: S::Vector) -> S::Vector {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let x = S::min(S::max(x, S::splat(-87.0)), S::splat(87.0));
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
