//! Backward passes of element-wise ops.

#![allow(unsafe_code)]

use super::partial_vectors::{load, store};
use crate::activation::Activation;
use crate::activation_vectors::pull_back;
use crate::simd::{InstructionSet, Simd, dispatch};

/// Replaces the gradient of `act(input)` by that of the input.
///
/// # Panics
/// When the lengths differ.
pub fn activation_backward(act: Activation, input: &[f32], gradient: &mut [f32]) {
    assert_eq!(input.len(), gradient.len(), "lengths of input and gradient");
    // SAFETY: `detect` found the instruction set; the slices have the same length.
    unsafe { multiply(InstructionSet::detect(), &mut Args { act, input, gradient }) }
}

struct Args<'a> {
    act: Activation,
    input: &'a [f32],
    gradient: &'a mut [f32],
}

dispatch! {
    /// # Safety
    /// The CPU has the instruction set; the slices have the same length.
    unsafe fn multiply(args: &mut Args<'_>) = multiply_with
}

#[inline(always)]
unsafe fn multiply_with<S: Simd>(args: &mut Args<'_>) {
    for at in (0..args.input.len()).step_by(S::LANES) {
        let count = S::LANES.min(args.input.len() - at);
        // SAFETY: the caller upholds the contract; vectors are cut to `count`.
        unsafe {
            let x = load::<S>(args.input.as_ptr().add(at), count);
            let to = args.gradient.as_mut_ptr().add(at);
            store::<S>(to, pull_back::<S>(args.act, x, load::<S>(to, count)), count);
        }
    }
}

/// Adds `from` to `to`, element by element.
///
/// # Panics
/// When the lengths differ.
pub fn add_assign(to: &mut [f32], from: &[f32]) {
    assert_eq!(to.len(), from.len(), "lengths of the slices");
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// Adds the sum of all rows of `values`, `[rows, sums.len()]`, to `sums`: the gradient of a bias.
///
/// # Panics
/// When `values` does not consist of whole rows.
pub fn column_sums(values: &[f32], sums: &mut [f32]) {
    assert!(values.len().is_multiple_of(sums.len()), "the values are not whole rows");
    values.chunks_exact(sums.len()).for_each(|row| add_assign(sums, row));
}

/// The backward pass of `map * scale`, channel by channel, for one image: replaces the gradient of the
/// product by that of the map, and writes that of the scale.
///
/// # Panics
/// When the lengths do not match.
pub fn scale_backward(
    map: &[f32],
    scale: &[f32],
    gradient: &mut [f32],
    scale_gradient: &mut [f32],
) {
    let channels = scale.len();
    assert_eq!(map.len(), gradient.len(), "lengths of map and gradient");
    assert_eq!(scale_gradient.len(), channels, "lengths of scale and its gradient");
    scale_gradient.fill(0.0);
    for (map, gradient) in map.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels)) {
        for c in 0..channels {
            scale_gradient[c] += map[c] * gradient[c];
            gradient[c] *= scale[c];
        }
    }
}
