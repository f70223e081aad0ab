//! Activation functions and squeeze-and-excite gates.

#![allow(unsafe_code)]

use crate::activation_vectors::evaluate;
use crate::simd::{InstructionSet, Simd, dispatch};

/// A function that is applied to each element.
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

#[cfg(feature = "search-space")]
impl From<search_space::Activation> for Activation {
    fn from(activation: search_space::Activation) -> Self {
        use search_space::Activation as OfGraph;
        match activation {
            OfGraph::Linear => Self::Linear,
            OfGraph::Relu => Self::Relu,
            OfGraph::Relu6 => Self::Relu6,
            OfGraph::HardSwish => Self::HardSwish,
            OfGraph::Swish => Self::Swish,
        }
    }
}

#[cfg(feature = "search-space")]
impl From<search_space::Gate> for Activation {
    fn from(gate: search_space::Gate) -> Self {
        match gate {
            search_space::Gate::Sigmoid => Self::Sigmoid,
            search_space::Gate::HardSigmoid => Self::HardSigmoid,
        }
    }
}

impl Activation {
    /// The function at one point.
    pub fn of(self, x: f32) -> f32 {
        let hard_sigmoid = |x: f32| (x + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0);
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        match self {
            Activation::Linear => x,
            // Unlike `f32::max`, this keeps NaN.
            Activation::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::HardSwish => x * hard_sigmoid(x),
            Activation::Swish => x * sigmoid(x),
            Activation::Sigmoid => sigmoid(x),
            Activation::HardSigmoid => hard_sigmoid(x),
        }
    }

    /// Replaces each value `x` by the function at `x`.
    pub fn apply(self, values: &mut [f32]) {
        // SAFETY: `detect` found the instruction set on this CPU.
        unsafe { apply(InstructionSet::detect(), &mut Slice { act: self, values }) }
    }

    /// The part of the function that a kernel applies while its sums are in registers.
    pub(crate) fn in_registers(self) -> InRegisters {
        match self {
            Activation::Relu => InRegisters::Clamp(0.0, f32::INFINITY),
            Activation::Relu6 => InRegisters::Clamp(0.0, 6.0),
            Activation::HardSwish => InRegisters::HardSwish,
            _ => InRegisters::Clamp(f32::NEG_INFINITY, f32::INFINITY),
        }
    }

    /// What remains to be applied to the outputs of a kernel that has applied
    /// [`Activation::in_registers`].
    pub(crate) fn afterwards(self) -> Option<Self> {
        matches!(self, Activation::Swish | Activation::Sigmoid | Activation::HardSigmoid)
            .then_some(self)
    }
}

/// The activations that are compiled into every kernel, because they take few instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InRegisters {
    /// Clamps to low..=high.
    Clamp(f32, f32),
    HardSwish,
}

struct Slice<'a> {
    act: Activation,
    values: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn apply(slice: &mut Slice<'_>) = apply_with
}

#[inline(always)]
unsafe fn apply_with<S: Simd>(slice: &mut Slice<'_>) {
    for chunk in slice.values.chunks_mut(S::LANES) {
        let count = chunk.len();
        // SAFETY: the chunk has `count` values; the caller vouches for the instruction set.
        unsafe {
            let x = S::load_first(chunk.as_ptr(), count);
            S::store_first(chunk.as_mut_ptr(), evaluate::<S>(slice.act, x), count);
        }
    }
}
