//! One vector of f32 in each instruction set, and the choice between them at run time.

#![allow(unsafe_code)]

/// What the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// x86-64 with AVX-512F.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// Eight lanes that the compiler maps to what the target has at least (SSE2, NEON).
    Portable,
}

impl InstructionSet {
    /// The widest one that this CPU has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// f32 lanes of a vector.
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
/// All functions need the instruction set that the implementor is for; they must be inlined into a
/// function compiled with it. `load` reads and `store` writes `LANES` numbers at the pointer.
pub(crate) unsafe trait Simd: Copy {
    const LANES: usize;
    type Vector: Copy;
    unsafe fn splat(value: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    /// a * b + c, rounded once.
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The first `count` numbers at the pointer, then zeros.
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self::Vector {
        let mut lanes = [0.0; 16];
        // SAFETY: the caller owns `count` numbers at `from`; 16 lanes are the most there are.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count.min(Self::LANES));
            Self::load(lanes.as_ptr())
        }
    }

    /// Writes the first `count` numbers.
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: Self::Vector, count: usize) {
        let mut lanes = [0.0; 16];
        // SAFETY: the caller owns `count` numbers at `to`; 16 lanes are the most there are.
        unsafe {
            Self::store(lanes.as_mut_ptr(), vector);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count.min(Self::LANES));
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Portable;

// SAFETY: plain arithmetic on arrays needs no instruction set.
unsafe impl Simd for Portable {
    const LANES: usize = 8;
    type Vector = [f32; 8];
    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 8] {
        [value; 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 8] {
        // SAFETY: the caller owns eight numbers at `from`; arrays of f32 have f32's alignment.
        unsafe { from.cast::<[f32; 8]>().read() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [f32; 8]) {
        // SAFETY: the caller owns eight numbers at `to`.
        unsafe { to.cast::<[f32; 8]>().write(vector) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        // Two roundings where the target has no fused instruction: `f32::mul_add` would be a call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            std::array::from_fn(|i| a[i] * b[i] + c[i])
        }
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn max(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn min(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! x86 {
    ($name:ident, $lanes:literal, $vector:ident, $splat:ident, $load:ident, $store:ident,
     $fma:ident, $add:ident, $mul:ident, $max:ident, $min:ident) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        // SAFETY: each function is one intrinsic of the instruction set; the trait's contract has
        // the caller vouch for it and for the pointers.
        unsafe impl Simd for $name {
            const LANES: usize = $lanes;
            type Vector = std::arch::x86_64::$vector;
            #[inline(always)]
            unsafe fn splat(value: f32) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$load(from) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut f32, vector: Self::Vector) {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$store(to, vector) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$add(a, b) }
            }
            #[inline(always)]
            unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$mul(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$max(a, b) }
            }
            #[inline(always)]
            unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector {
                // SAFETY: the trait's contract.
                unsafe { std::arch::x86_64::$min(a, b) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
x86!(
    Avx2,
    8,
    __m256,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    _mm256_mul_ps,
    _mm256_max_ps,
    _mm256_min_ps
);
#[cfg(target_arch = "x86_64")]
x86!(
    Avx512,
    16,
    __m512,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    _mm512_mul_ps,
    _mm512_max_ps,
    _mm512_min_ps
);

/// Defines `$name`, which runs the generic `$kernel::<S>` for the given instruction set, compiled
/// with that set's features.
macro_rules! dispatch {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $kernel:ident) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(set: $crate::simd::InstructionSet, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn avx2($($arg: $type),*) {
                // SAFETY: this function is compiled with AVX2 and FMA.
                unsafe { $kernel::<$crate::simd::Avx2>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn avx512($($arg: $type),*) {
                // SAFETY: this function is compiled with AVX-512F.
                unsafe { $kernel::<$crate::simd::Avx512>($($arg),*) }
            }
            match set {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `detect` found the features on this CPU.
                $crate::simd::InstructionSet::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `detect` found the features on this CPU.
                $crate::simd::InstructionSet::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: the portable set needs nothing.
                _ => unsafe { $kernel::<$crate::simd::Portable>($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatch;
