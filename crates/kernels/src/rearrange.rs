//! Element-wise work and channel movements on `[pixels, channels]`.

use crate::activation::Activation;

/// `out = act(a + b)`.
///
/// # Panics
/// When the lengths differ.
pub fn add(a: &[f32], b: &[f32], act: Activation, out: &mut [f32]) {
    assert!(a.len() == out.len() && b.len() == out.len(), "one shape");
    let sums = out.iter_mut().zip(a.iter().zip(b));
    match act {
        Activation::Linear => sums.for_each(|(out, (&a, &b))| *out = a + b),
        Activation::Relu => sums.for_each(|(out, (&a, &b))| *out = (a + b).max(0.0)),
        act => sums.for_each(|(out, (&a, &b))| *out = act.of(a + b)),
    }
}

/// Multiplies each pixel's channels by `scale`, in place.
///
/// # Panics
/// When `map` has no whole pixels of `scale.len()` channels.
pub fn scale_channels(map: &mut [f32], scale: &[f32]) {
    assert!(map.len().is_multiple_of(scale.len()), "[pixels, channels]");
    for pixel in map.chunks_exact_mut(scale.len()) {
        for (value, &factor) in pixel.iter_mut().zip(scale) {
            *value *= factor;
        }
    }
}

/// Copies `count` channels of each pixel: `input[.., from..]` of `in_channels` to `out[.., to..]` of
/// `out_channels`.
///
/// # Panics
/// When the channels lie outside a pixel or the pixel counts differ.
pub fn copy_channels(
    input: &[f32],
    (in_channels, from): (usize, usize),
    out: &mut [f32],
    (out_channels, to): (usize, usize),
    count: usize,
) {
    assert_eq!(input.len() / in_channels, out.len() / out_channels, "pixels");
    for (input, out) in input.chunks_exact(in_channels).zip(out.chunks_exact_mut(out_channels)) {
        out[to..to + count].copy_from_slice(&input[from..from + count]);
    }
}

/// Views each pixel's channels as `[groups, channels / groups]`, transposed and flattened
/// (ShuffleNetV1, section 3.1).
///
/// # Panics
/// When the lengths differ or `groups` does not divide `channels`.
pub fn channel_shuffle(input: &[f32], channels: usize, groups: usize, out: &mut [f32]) {
    assert!(input.len() == out.len() && channels.is_multiple_of(groups), "whole groups");
    match groups {
        2 => shuffle::<2>(input, channels, out),
        3 => shuffle::<3>(input, channels, out),
        4 => shuffle::<4>(input, channels, out),
        8 => shuffle::<8>(input, channels, out),
        _ => {
            let each = channels / groups;
            let pixels = input.chunks_exact(channels).zip(out.chunks_exact_mut(channels));
            for (input, out) in pixels {
                for (at, value) in out.iter_mut().enumerate() {
                    *value = input[at % groups * each + at / groups];
                }
            }
        }
    }
}

/// Group counts of the published networks, so that the compiler can unroll and vectorise.
fn shuffle<const GROUPS: usize>(input: &[f32], channels: usize, out: &mut [f32]) {
    let each = channels / GROUPS;
    for (input, out) in input.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
        let groups: [&[f32]; GROUPS] = std::array::from_fn(|group| &input[group * each..][..each]);
        for (index, out) in out.as_chunks_mut::<GROUPS>().0.iter_mut().enumerate() {
            *out = groups.map(|group| group[index]);
        }
    }
}
