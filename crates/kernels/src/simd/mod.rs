//! A vector of f32 in each instruction set, and the choice between the sets at run time.

#![allow(unsafe_code)]

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// x86-64 with AVX-512F.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// Arrays of eight lanes, which the compiler maps to the least that every CPU of the target has
    /// (SSE2, NEON).
    Portable,
}

impl InstructionSet {
    /// The instruction sets that this CPU has, the widest first.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|set| set.is_available())
    }

    /// The widest instruction set that this CPU has.
    pub fn detect() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Whether this CPU has the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && Self::Avx2.is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// The number of f32 lanes of a vector.
    pub fn lanes(self) -> usize {
        match self {
            Self::Avx512 => 16,
            Self::Avx2 | Self::Portable => 8,
        }
    }
}

/// Vector operations of one instruction set.
///
/// # Safety
/// All functions need the instruction set of the implementor, and must be inlined into a function that
/// is compiled with it. `load` reads and `store` writes `LANES` values at the pointer; `load_first` and
/// `store_first` read and write the first `count`, which is at most `LANES`.
pub(crate) unsafe trait Simd: Copy {
    const LANES: usize;
    /// How many rows of a matrix product have sums that fit the registers, one and two vectors wide;
    /// at most 12.
    const ROWS: [usize; 2];
    type Vector: Copy;
    unsafe fn splat(value: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    /// The other lanes are zero.
    unsafe fn load_first(from: *const f32, count: usize) -> Self::Vector;
    unsafe fn store_first(to: *mut f32, vector: Self::Vector, count: usize);
    /// a * b + c, rounded once where the instruction set can.
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn div(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The larger of the two; `b` if either is NaN.
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller of the two; `b` if either is NaN.
    unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// NaN where `value` is NaN, else `other`.
    unsafe fn nan_or(value: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// `value` where `low < x < high`, else 0.
    unsafe fn between(x: Self::Vector, low: f32, high: f32, value: Self::Vector) -> Self::Vector;
    /// The bits of each lane, shifted to the left by the 23 bits of the fraction.
    unsafe fn fraction_to_exponent(a: Self::Vector) -> Self::Vector;
}

/// Defines `$name`, which runs the generic `$kernel::<S>` for the given instruction set, compiled with
/// the features of that set. The caller vouches that the CPU has them, and for what `$kernel` requires.
macro_rules! dispatch {
    ($(#[$doc:meta])* $vis:vis unsafe fn $name:ident($arg:ident: $type:ty) = $kernel:ident) => {
        $(#[$doc])*
        $vis unsafe fn $name(set: $crate::simd::InstructionSet, $arg: $type) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($arg: $type) {
                // SAFETY: compiled with AVX2 and FMA; the caller vouches for the rest.
                unsafe { $kernel::<$crate::simd::Avx2>($arg) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            unsafe fn avx512($arg: $type) {
                // SAFETY: compiled with AVX-512F; the caller vouches for the rest.
                unsafe { $kernel::<$crate::simd::Avx512>($arg) }
            }
            // SAFETY: the caller vouches for the CPU and for what the kernel requires.
            unsafe {
                match set {
                    #[cfg(target_arch = "x86_64")]
                    $crate::simd::InstructionSet::Avx512 => avx512($arg),
                    #[cfg(target_arch = "x86_64")]
                    $crate::simd::InstructionSet::Avx2 => avx2($arg),
                    _ => $kernel::<$crate::simd::Portable>($arg),
                }
            }
        }
    };
}
pub(crate) use dispatch;
