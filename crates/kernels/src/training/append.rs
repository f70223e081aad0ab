//! Outputs in memory that was not filled before, since filling it costs a pass of its own.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Appends `len` elements.
///
/// # Safety
/// `write` initialises all of the slice that it gets, which is `len` long.
pub(super) unsafe fn append(
    to: &mut Vec<f32>,
    len: usize,
    write: impl FnOnce(&mut [MaybeUninit<f32>]),
) {
    to.reserve(len);
    write(&mut to.spare_capacity_mut()[..len]);
    // SAFETY: the capacity was reserved, and the caller vouches for the elements.
    unsafe { to.set_len(to.len() + len) }
}
