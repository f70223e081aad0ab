//! Loads and stores of vectors that may be cut off at the end of a row.

#![allow(unsafe_code)]

use crate::simd::Simd;

/// The first `count` values at `from`; the other lanes are zero.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn load<S: Simd>(from: *const f32, count: usize) -> S::Vector {
    // SAFETY: the caller upholds the contract.
    unsafe { if count == S::LANES { S::load(from) } else { S::load_first(from, count) } }
}

/// Stores the first `count` lanes at `to`.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn store<S: Simd>(to: *mut f32, vector: S::Vector, count: usize) {
    // SAFETY: the caller upholds the contract.
    unsafe {
        if count == S::LANES { S::store(to, vector) } else { S::store_first(to, vector, count) }
    }
}
