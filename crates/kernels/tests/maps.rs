//! Pools, element-wise ops and movements of channels, of all sizes, against plain loops.

use kernels::{
    Activation, ChannelsFrom, Geometry, add, avg_pool, channel_shuffle, copy_channels,
    global_avg_pool, max_pool, scale_channels,
};
use proptest::prelude::*;

/// Values of a map `[pixels, channels]`.
fn map(pixels: usize, channels: usize, salt: usize) -> Vec<f32> {
    let mix = |i: usize| (i + salt).wrapping_mul(2_654_435_761) % 2_001;
    (0..pixels * channels).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

/// The inputs under the window of an output, channel `c`.
fn window(input: &[f32], geometry: Geometry, channels: usize, pixel: usize, c: usize) -> Vec<f32> {
    let Geometry { height, width, kernel, stride } = geometry;
    let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
    let inside = |at: usize, size: usize| (kernel / 2..size + kernel / 2).contains(&at);
    let mut values = Vec::new();
    for (row, column) in (0..kernel * kernel)
        .map(|tap| (y * stride + tap / kernel, x * stride + tap % kernel))
        .filter(|&(row, column)| inside(row, height) && inside(column, width))
    {
        let pixel = (row - kernel / 2) * width + column - kernel / 2;
        values.push(input[pixel * channels + c]);
    }
    values
}

/// Compares every value found with `expected(pixel, channel)`.
fn check(
    found: &[f32],
    channels: usize,
    expected: impl Fn(usize, usize) -> f32,
) -> Result<(), TestCaseError> {
    for (at, &found) in found.iter().enumerate() {
        let expected = expected(at / channels, at % channels);
        prop_assert!((found - expected).abs() < 1e-5, "{at}: {found} for {expected}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn pools(
        height in 1..12_usize, width in 1..12_usize, half in 0..4_usize, stride in 1..4_usize,
        channels in 1..20_usize,
    ) {
        let geometry = Geometry { height, width, kernel: 2 * half + 1, stride };
        let input = map(geometry.in_pixels(), channels, 1);
        let mut found = map(geometry.out_pixels(), channels, 2);
        max_pool(&input, &geometry, channels, &mut found);
        check(&found, channels, |pixel, c| {
            window(&input, geometry, channels, pixel, c).into_iter().fold(f32::MIN, f32::max)
        })?;
        avg_pool(&input, &geometry, channels, &mut found);
        check(&found, channels, |pixel, c| {
            let sum: f32 = window(&input, geometry, channels, pixel, c).into_iter().sum();
            sum / (geometry.kernel * geometry.kernel) as f32
        })?;
        let mut means = map(1, channels, 3);
        global_avg_pool(&input, channels, &mut means);
        check(&means, channels, |_, c| {
            let sum: f32 = input.iter().skip(c).step_by(channels).sum();
            sum / geometry.in_pixels() as f32
        })?;
    }

    #[test]
    fn sums_and_scales(pixels in 1..9_usize, channels in 1..40_usize) {
        let (a, b) = (map(pixels, channels, 1), map(pixels, channels, 2));
        for act in [Activation::Linear, Activation::Relu, Activation::HardSwish] {
            let mut found = map(pixels, channels, 3);
            add(&a, &b, act, &mut found);
            check(&found, channels, |p, c| act.of(a[p * channels + c] + b[p * channels + c]))?;
        }
        let mut scaled = a.clone();
        scale_channels(&mut scaled, &b[..channels]);
        check(&scaled, channels, |p, c| a[p * channels + c] * b[c])?;
    }

    #[test]
    fn channels_move(pixels in 1..9_usize, each in 1..20_usize, groups in 1..10_usize) {
        let channels = each * groups;
        let input = map(pixels, channels, 1);
        let mut found = map(pixels, channels, 2);
        channel_shuffle(&input, channels, groups, &mut found);
        check(&found, channels, |p, c| input[p * channels + c % groups * each + c / groups])?;

        let before = map(pixels, channels + 3, 4);
        let mut found = before.clone();
        let (from, count) = (channels / 3, channels - channels / 3);
        let to = ChannelsFrom { first: 2, channels: channels + 3 };
        copy_channels(&input, ChannelsFrom { first: from, channels }, &mut found, to, count);
        check(&found, channels + 3, |p, c| match c.checked_sub(2).filter(|&c| c < count) {
            Some(c) => input[p * channels + from + c],
            None => before[p * (channels + 3) + c],
        })?;
    }

    #[test]
    fn activations(values in prop::collection::vec(-100.0_f32..100.0, 1..50)) {
        use Activation::*;
        for act in [Linear, Relu, Relu6, HardSwish, Swish, Sigmoid, HardSigmoid] {
            let mut found = values.clone();
            act.apply(&mut found);
            for (&x, &found) in values.iter().zip(&found) {
                let exact = act.of(x);
                let error = (found - exact).abs();
                prop_assert!(error <= 1e-6 * exact.abs().max(1e-6), "{act:?}({x}) = {found}");
            }
        }
    }
}

/// A gate of 1e-38 would make the products of a map denormal, and the convolution after them three
/// times as slow.
#[test]
fn gates_do_not_make_products_denormal() {
    for act in [Activation::Sigmoid, Activation::HardSigmoid] {
        for x in [-30.0, -59.0, -87.0, -100.0, -1e6, f32::NEG_INFINITY] {
            let mut gates = [x; 20];
            act.apply(&mut gates);
            for gate in gates {
                assert!(!(1e-6 * gate).is_subnormal() && gate < 1e-12, "{act:?}({x}) = {gate}");
            }
        }
    }
}

/// As in PyTorch, NaN stays NaN, and infinities are what the functions make of them.
#[test]
fn nan_stays_nan() {
    use Activation::*;
    // Lengths of whole vectors, of parts of vectors and of both.
    for count in [1, 8, 13, 16, 40] {
        for act in [Linear, Relu, Relu6, HardSwish, Swish, Sigmoid, HardSigmoid] {
            for at in [0, count / 2, count - 1] {
                let mut values = vec![1.0; count];
                values[at] = f32::NAN;
                act.apply(&mut values);
                let mut sum = vec![0.0; count];
                let (mut a, b) = (vec![-2.0; count], vec![3.0; count]);
                a[at] = f32::NAN;
                add(&a, &b, act, &mut sum);
                for (index, (value, sum)) in values.iter().zip(&sum).enumerate() {
                    let found = [value.is_nan(), sum.is_nan()];
                    assert_eq!(found, [index == at; 2], "{act:?}, {index} of {count}");
                }
            }
            assert!(act.of(f32::NAN).is_nan(), "{act:?}");
        }
    }
    for channels in [1, 8, 24, 29] {
        let geometry = Geometry { height: 5, width: 5, kernel: 3, stride: 2 };
        for nan in 0..geometry.in_pixels() {
            let mut input = map(geometry.in_pixels(), channels, 1);
            input[nan * channels + channels / 2] = f32::NAN;
            input[0] = if nan == 0 { input[0] } else { f32::INFINITY };
            let mut found = map(geometry.out_pixels(), channels, 2);
            max_pool(&input, &geometry, channels, &mut found);
            for (at, &found) in found.iter().enumerate() {
                let window = window(&input, geometry, channels, at / channels, at % channels);
                let expected = match window.iter().any(|value| value.is_nan()) {
                    true => f32::NAN,
                    false => window.into_iter().fold(f32::MIN, f32::max),
                };
                let same = found == expected || (found.is_nan() && expected.is_nan());
                assert!(same, "{found} for {expected}: {nan}, {at} of {channels}");
            }
        }
    }
}
