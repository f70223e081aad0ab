//! Element-wise ops, and ops that move channels, on maps `[pixels, channels]`.

use crate::activation::Activation;

/// Computes `out = act(a + b)`.
///
/// # Panics
/// When the lengths differ.
pub fn add(a: &[f32], b: &[f32], act: Activation, out: &mut [f32]) {
    assert!(
        a.len() == out.len() && b.len() == out.len(),
        "the operands and the output have different lengths"
    );
    let sums = out.iter_mut().zip(a.iter().zip(b));
    match act {
        Activation::Linear => sums.for_each(|(out, (&a, &b))| *out = a + b),
        Activation::Relu => sums.for_each(|(out, (&a, &b))| *out = Activation::Relu.of(a + b)),
        act => sums.for_each(|(out, (&a, &b))| *out = act.of(a + b)),
    }
}

/// Multiplies each pixel's channels by `scale`, in place.
///
/// # Panics
/// When `map` does not consist of whole pixels of `scale.len()` channels.
pub fn scale_channels(map: &mut [f32], scale: &[f32]) {
    assert!(
        map.len().is_multiple_of(scale.len()),
        "the map [pixels, channels] has part of a pixel"
    );
    for pixel in map.chunks_exact_mut(scale.len()) {
        for (value, &factor) in pixel.iter_mut().zip(scale) {
            *value *= factor;
        }
    }
}

/// Some channels of every pixel of a map `[pixels, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelsFrom {
    /// The first of the channels.
    pub first: usize,
    /// All channels of a pixel.
    pub channels: usize,
}

/// Copies `count` channels of every pixel, as a split or a part of a concat does: those that start at
/// `from` in the input to those that start at `to` in the output.
///
/// # Panics
/// When the channels lie outside a pixel, or the maps differ in their number of pixels.
pub fn copy_channels(
    input: &[f32],
    from: ChannelsFrom,
    out: &mut [f32],
    to: ChannelsFrom,
    count: usize,
) {
    assert_eq!(input.len() / from.channels, out.len() / to.channels, "pixels of input and output");
    for (input, out) in input.chunks_exact(from.channels).zip(out.chunks_exact_mut(to.channels)) {
        out[to.first..to.first + count].copy_from_slice(&input[from.first..from.first + count]);
    }
}

/// Shuffles the channels of every pixel: views them as `[groups, channels / groups]`, transposes and
/// flattens (ShuffleNetV1, section 3.1).
///
/// # Panics
/// When the lengths differ, or `groups` does not divide `channels`.
pub fn channel_shuffle(input: &[f32], channels: usize, groups: usize, out: &mut [f32]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    assert!(channels.is_multiple_of(groups), "{groups} groups do not divide {channels} channels");
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

/// A shuffle with as many groups as a published network has, so that the compiler can unroll and
/// vectorise it.
fn shuffle<const GROUPS: usize>(input: &[f32], channels: usize, out: &mut [f32]) {
    let each = channels / GROUPS;
    for (input, out) in input.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
        let groups: [&[f32]; GROUPS] = std::array::from_fn(|group| &input[group * each..][..each]);
        for (index, out) in out.as_chunks_mut::<GROUPS>().0.iter_mut().enumerate() {
            *out = groups.map(|group| group[index]);
        }
    }
}
