//! Appending to vectors without filling them first, which would cost a pass over the memory.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Appends `len` elements, which `write` computes.
///
/// # Safety
/// `write` initialises the whole slice that it is given, which is `len` long.
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
