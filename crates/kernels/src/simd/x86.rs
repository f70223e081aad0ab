//! AVX2 with FMA, and AVX-512F.

use std::arch::x86_64::*;

use super::Simd;

/// Implements [`Simd`] with one intrinsic for each of the listed operations; the others are given in
/// full.
macro_rules! x86 {
    ($name:ident, $lanes:literal, $rows:expr, $vector:ident, $splat:ident, $load:ident, $store:ident,
     $fma:ident, $add:ident, $mul:ident, $div:ident, $max:ident, $min:ident, $($own:item)*) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        // SAFETY: each function is intrinsics of the instruction set; the trait's contract has the
        // caller vouch for it and for the pointers.
        unsafe impl Simd for $name {
            const LANES: usize = $lanes;
            const ROWS: [usize; 2] = $rows;
            type Vector = $vector;
            #[inline(always)]
            unsafe fn splat(value: f32) -> $vector {
                // SAFETY: the trait's contract.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> $vector {
                // SAFETY: the trait's contract.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut f32, vector: $vector) {
                // SAFETY: the trait's contract.
                unsafe { $store(to, vector) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the trait's contract.
                unsafe { $fma(a, b, c) }
            }
            x86!(binary add, $vector, $add);
            x86!(binary mul, $vector, $mul);
            x86!(binary div, $vector, $div);
            x86!(binary max, $vector, $max);
            x86!(binary min, $vector, $min);
            $($own)*
        }
    };
    (binary $name:ident, $vector:ident, $intrinsic:ident) => {
        #[inline(always)]
        unsafe fn $name(a: $vector, b: $vector) -> $vector {
            // SAFETY: the trait's contract.
            unsafe { $intrinsic(a, b) }
        }
    };
}

/// Eight set lanes, then eight clear ones: eight lanes from `8 - count` on are a mask of `count` lanes.
const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// The mask of the first `count` of eight lanes.
///
/// # Safety
/// The CPU has AVX2; `count` is at most 8.
#[inline(always)]
unsafe fn first_of_eight(count: usize) -> __m256i {
    // SAFETY: eight values lie at 8 - count, since count is 0 to 8.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast()) }
}

x86! {
    Avx2, 8, [12, 6], __m256, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps,
    _mm256_fmadd_ps, _mm256_add_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_max_ps, _mm256_min_ps,
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m256 {
        // SAFETY: the trait's contract; lanes outside the mask are not read.
        unsafe { _mm256_maskload_ps(from, first_of_eight(count)) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m256, count: usize) {
        // SAFETY: the trait's contract; lanes outside the mask are not written.
        unsafe { _mm256_maskstore_ps(to, first_of_eight(count), vector) }
    }
    #[inline(always)]
    unsafe fn nan_or(value: __m256, other: __m256) -> __m256 {
        // SAFETY: the trait's contract. All bits set are a NaN.
        unsafe { _mm256_or_ps(other, _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value)) }
    }
    #[inline(always)]
    unsafe fn between(x: __m256, low: f32, high: f32, value: __m256) -> __m256 {
        // SAFETY: the trait's contract.
        unsafe {
            let above = _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_set1_ps(low));
            let below = _mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_set1_ps(high));
            _mm256_and_ps(value, _mm256_and_ps(above, below))
        }
    }
    #[inline(always)]
    unsafe fn fraction_to_exponent(a: __m256) -> __m256 {
        // SAFETY: the trait's contract.
        unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(a))) }
    }
}

x86! {
    Avx512, 16, [12, 12], __m512, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps,
    _mm512_fmadd_ps, _mm512_add_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_max_ps, _mm512_min_ps,
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m512 {
        // SAFETY: the trait's contract; lanes outside the mask are not read.
        unsafe { _mm512_maskz_loadu_ps(((1_u32 << count) - 1) as u16, from) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m512, count: usize) {
        // SAFETY: the trait's contract; lanes outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, ((1_u32 << count) - 1) as u16, vector) }
    }
    #[inline(always)]
    unsafe fn nan_or(value: __m512, other: __m512) -> __m512 {
        // SAFETY: the trait's contract.
        unsafe {
            _mm512_mask_mov_ps(other, _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(value, value), value)
        }
    }
    #[inline(always)]
    unsafe fn between(x: __m512, low: f32, high: f32, value: __m512) -> __m512 {
        // SAFETY: the trait's contract.
        unsafe {
            let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_set1_ps(low));
            let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, _mm512_set1_ps(high));
            _mm512_maskz_mov_ps(above & below, value)
        }
    }
    #[inline(always)]
    unsafe fn fraction_to_exponent(a: __m512) -> __m512 {
        // SAFETY: the trait's contract.
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(a))) }
    }
}
