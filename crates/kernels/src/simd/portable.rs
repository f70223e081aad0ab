//! Arrays of eight lanes, which the compiler vectorises.

use super::Simd;

#[derive(Clone, Copy)]
pub(crate) struct Portable;

type Lanes = [f32; 8];

// SAFETY: plain arithmetic on arrays needs no instruction set.
unsafe impl Simd for Portable {
    const LANES: usize = 8;
    const ROWS: [usize; 2] = [4, 4];
    type Vector = Lanes;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Lanes {
        [value; 8]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Lanes {
        // SAFETY: the caller owns eight values at `from`; arrays of f32 have f32's alignment.
        unsafe { from.cast::<Lanes>().read() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: Lanes) {
        // SAFETY: the caller owns eight values at `to`.
        unsafe { to.cast::<Lanes>().write(vector) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Lanes {
        // SAFETY: the caller owns `count` values at `from`.
        std::array::from_fn(|i| if i < count { unsafe { *from.add(i) } } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: Lanes, count: usize) {
        for (i, value) in vector.into_iter().enumerate().take(count) {
            // SAFETY: the caller owns `count` values at `to`.
            unsafe { *to.add(i) = value }
        }
    }

    #[inline(always)]
    unsafe fn mul_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        // Two roundings where the target has no fused instruction: `f32::mul_add` would be a call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            std::array::from_fn(|i| a[i] * b[i] + c[i])
        }
    }

    #[inline(always)]
    unsafe fn add(a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    unsafe fn mul(a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    unsafe fn div(a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|i| a[i] / b[i])
    }

    #[inline(always)]
    unsafe fn max(a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn min(a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn nan_or(value: Lanes, other: Lanes) -> Lanes {
        // All bits set are a NaN.
        let set: [u32; 8] = std::array::from_fn(|i| if value[i].is_nan() { u32::MAX } else { 0 });
        std::array::from_fn(|i| f32::from_bits(set[i] | other[i].to_bits()))
    }

    #[inline(always)]
    unsafe fn between(x: Lanes, low: f32, high: f32, value: Lanes) -> Lanes {
        std::array::from_fn(|i| if (x[i] > low) & (x[i] < high) { value[i] } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn fraction_to_exponent(a: Lanes) -> Lanes {
        a.map(|a| f32::from_bits(a.to_bits() << 23))
    }
}
