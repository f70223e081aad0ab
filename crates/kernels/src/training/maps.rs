//! Backward of element-wise work.

#![allow(unsafe_code)]

use super::depthwise::{load, store};
use crate::activation::{Activation, pull_back};
use crate::simd::{InstructionSet, Simd, dispatch};

/// Overwrites the gradient of `act(input)` with that of the input.
///
/// # Panics
/// When the lengths differ.
pub fn activation_backward(act: Activation, input: &[f32], gradient: &mut [f32]) {
    assert_eq!(input.len(), gradient.len(), "gradient");
    // SAFETY: `detect` found the set; the slices are of one length.
    unsafe { multiply(InstructionSet::detect(), &mut Args { act, input, gradient }) }
}

struct Args<'a> {
    act: Activation,
    input: &'a [f32],
    gradient: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the set; the slices are of one length.
    unsafe fn multiply(args: &mut Args<'_>) = multiply_with
}

#[inline(always)]
unsafe fn multiply_with<S: Simd>(args: &mut Args<'_>) {
    for at in (0..args.input.len()).step_by(S::LANES) {
        let count = S::LANES.min(args.input.len() - at);
        // SAFETY: the caller's; vectors are cut to `count`.
        unsafe {
            let x = load::<S>(args.input.as_ptr().add(at), count);
            let to = args.gradient.as_mut_ptr().add(at);
            store::<S>(to, pull_back::<S>(args.act, x, load::<S>(to, count)), count);
        }
    }
}

/// `to += from`.
///
/// # Panics
/// When the lengths differ.
pub fn add_assign(to: &mut [f32], from: &[f32]) {
    assert_eq!(to.len(), from.len(), "one shape");
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// Adds the sum of all rows of `[rows, sums.len()]` to `sums`: the gradient of a bias.
///
/// # Panics
/// When there are no whole rows.
pub fn column_sums(values: &[f32], sums: &mut [f32]) {
    assert!(values.len().is_multiple_of(sums.len()), "whole rows");
    values.chunks_exact(sums.len()).for_each(|row| add_assign(sums, row));
}

/// Backward of one image's `map * scale`, channel by channel: overwrites the gradient of the product
/// with that of the map, and writes that of the scale.
///
/// # Panics
/// When the lengths do not fit.
pub fn scale_backward(
    map: &[f32],
    scale: &[f32],
    gradient: &mut [f32],
    scale_gradient: &mut [f32],
) {
    let channels = scale.len();
    assert!(map.len() == gradient.len() && scale_gradient.len() == channels, "one shape");
    scale_gradient.fill(0.0);
    for (map, gradient) in map.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels)) {
        for c in 0..channels {
            scale_gradient[c] += map[c] * gradient[c];
            gradient[c] *= scale[c];
        }
    }
}
