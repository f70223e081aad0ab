//! Convolutions of all sizes, in every instruction set that this CPU has, against plain loops.

use kernels::{
    Activation, Conv, ConvWeights, Depthwise, Epilogue, FusedInvertedResidual, Geometry,
    InstructionSet, PackedMatrix, Pointwise, Threads, Workspace,
};
use proptest::prelude::*;

/// Values in -1..1 that look random.
fn pseudo_random(count: usize, salt: usize) -> Vec<f32> {
    let mix = |i: usize| (i + salt).wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

/// As [`pseudo_random`], with NaN at one place for some `nan`.
fn input(count: usize, nan: Option<usize>) -> Vec<f32> {
    let mut values = pseudo_random(count, 1);
    if let Some(nan) = nan {
        values[nan % count] = f32::NAN;
    }
    values
}

fn nan() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.3, any::<usize>())
}

/// `act(conv + bias + residual)` with f64 sums; weights `[out, in / groups, kernel, kernel]`.
fn plain(case: &Case, input: &[f32], weights: &[f32], bias: &[f32], added: &[f32]) -> Vec<f64> {
    let Case { geometry, channels, out, groups, act, .. } = *case;
    let Geometry { height, width, kernel, stride } = geometry;
    let (each_in, each_out, pad) = (channels / groups, out / groups, kernel / 2);
    let mut result = Vec::new();
    for pixel in 0..geometry.out_pixels() {
        let (y, x) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        for o in 0..out {
            let mut sum = f64::from(bias[o]) + f64::from(added[pixel * out + o]);
            for (i, ky, kx) in (0..each_in).flat_map(|i| {
                (0..kernel).flat_map(move |ky| (0..kernel).map(move |kx| (i, ky, kx)))
            }) {
                let (row, column) = (y * stride + ky, x * stride + kx);
                let inside =
                    (pad..height + pad).contains(&row) && (pad..width + pad).contains(&column);
                if inside {
                    let channel = o / each_out * each_in + i;
                    let at = ((row - pad) * width + column - pad) * channels + channel;
                    let weight = weights[((o * each_in + i) * kernel + ky) * kernel + kx];
                    sum += f64::from(input[at]) * f64::from(weight);
                }
            }
            result.push(f64::from(act.of(sum as f32)));
        }
    }
    result
}

#[derive(Clone, Copy, Debug)]
struct Case {
    geometry: Geometry,
    channels: usize,
    out: usize,
    groups: usize,
    act: Activation,
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Linear),
        Just(Activation::Relu),
        Just(Activation::Relu6),
        Just(Activation::HardSwish),
        Just(Activation::Swish),
        Just(Activation::Sigmoid),
        Just(Activation::HardSigmoid),
    ]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let kernel = prop_oneof![Just(1_usize), Just(3), Just(5), Just(7), Just(9)];
    (1..14_usize, 1..14_usize, kernel, 1..4_usize)
        .prop_map(|(height, width, kernel, stride)| Geometry { height, width, kernel, stride })
}

/// Which convolutions a fused inverted residual has beside the depthwise one.
#[derive(Clone, Copy, Debug)]
struct Parts {
    expands: bool,
    projects: bool,
}

fn parts() -> impl Strategy<Value = Parts> {
    (any::<bool>(), any::<bool>()).prop_map(|(expands, projects)| Parts { expands, projects })
}

fn threads() -> impl Strategy<Value = Threads> {
    prop_oneof![Just(Threads::One), Just(Threads::Pool(2)), Just(Threads::Pool(5))]
}

fn assert_close(found: &[f32], expected: &[f64]) -> Result<(), TestCaseError> {
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        prop_assert_eq!(found.is_nan(), expected.is_nan(), "{}: {} for {}", index, found, expected);
        if expected.is_nan() {
            continue;
        }
        let error = (f64::from(found) - expected).abs();
        prop_assert!(error < 1e-4 * expected.abs().max(1.0), "{index}: {found} for {expected}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn dense_and_grouped(
        geometry in geometry(), each_in in 1..24_usize, each_out in 1..40_usize,
        groups in 1..4_usize, act in activation(), threads in threads(), nan in nan(),
    ) {
        let (channels, out) = (each_in * groups, each_out * groups);
        let case = Case { geometry, channels, out, groups, act };
        let taps = geometry.kernel * geometry.kernel;
        let input = input(geometry.in_pixels() * channels, nan);
        let weights = pseudo_random(out * each_in * taps, 2);
        let bias = pseudo_random(out, 3);
        let residual = pseudo_random(geometry.out_pixels() * out, 4);
        let zeros = vec![0.0; residual.len()];
        for set in InstructionSet::available() {
            let weights = ConvWeights {
                weights: &weights,
                bias: &bias,
                in_channels: channels,
                kernel: geometry.kernel,
                groups,
            };
            let conv = Conv::new(set, &weights);
            for (added, residual) in [(&zeros, None), (&residual, Some(&residual[..]))] {
                let mut found = vec![f32::NAN; residual.map_or(zeros.len(), <[f32]>::len)];
                let mut scratch = vec![0.0; conv.scratch_len(&geometry) * threads.count()];
                let epilogue = Epilogue { residual, act };
                let workspace = Workspace { threads, scratch: &mut scratch };
                conv.run(&input, &geometry, epilogue, &mut found, workspace);
                let expected = plain(&case, &input, weights.weights, &bias, added);
                assert_close(&found, &expected)?;
            }
        }
    }

    #[test]
    fn depthwise(
        geometry in geometry(), channels in 1..50_usize, act in activation(), threads in threads(),
        nan in nan(),
    ) {
        let case = Case { geometry, channels, out: channels, groups: channels, act };
        let input = input(geometry.in_pixels() * channels, nan);
        let weights = pseudo_random(channels * geometry.kernel * geometry.kernel, 2);
        let bias = pseudo_random(channels, 3);
        let zeros = vec![0.0; geometry.out_pixels() * channels];
        let expected = plain(&case, &input, &weights, &bias, &zeros);
        for set in InstructionSet::available() {
            let depthwise = Depthwise::new(set, &weights, &bias, geometry.kernel);
            let mut found = vec![f32::NAN; expected.len()];
            depthwise.run(&input, &geometry, act, &mut found, threads);
            assert_close(&found, &expected)?;
        }
    }

    #[test]
    fn fused_inverted_residual(
        geometry in geometry(), each_in in 1..24_usize, channels in 2..40_usize,
        out in 1..24_usize, act in activation(), parts in parts(), threads in threads(),
        nan in nan(),
    ) {
        let input_channels = if parts.expands { each_in } else { channels };
        let input = input(geometry.in_pixels() * input_channels, nan);
        let point = Geometry { kernel: 1, stride: 1, ..geometry };
        let product = |from: usize, to: usize, act, salt| {
            let case = Case { geometry: point, channels: from, out: to, groups: 1, act };
            (case, pseudo_random(from * to, salt), pseudo_random(to, salt + 1))
        };
        let expand = product(input_channels, channels, act, 2);
        let filters = pseudo_random(channels * geometry.kernel * geometry.kernel, 4);
        let filter_bias = pseudo_random(channels, 5);
        let depthwise =
            Case { geometry, channels, out: channels, groups: channels, act: Activation::Relu6 };
        let (mut project, weights, bias) = product(channels, out, Activation::Linear, 6);
        project.geometry.height = geometry.out_height();
        project.geometry.width = geometry.out_width();
        let out = if parts.projects { out } else { channels };
        let residual = pseudo_random(geometry.out_pixels() * out, 8);

        let mut expected = input.clone();
        let mut apply = |case: &Case, weights: &[f32], bias: &[f32], added: Option<&[f32]>| {
            let zeros = vec![0.0; case.geometry.out_pixels() * case.out];
            let map = plain(case, &expected, weights, bias, added.unwrap_or(&zeros));
            expected = map.into_iter().map(|value| value as f32).collect();
        };
        if parts.expands {
            apply(&expand.0, &expand.1, &expand.2, None);
        }
        apply(&depthwise, &filters, &filter_bias, None);
        if parts.projects {
            apply(&project, &weights, &bias, Some(&residual));
        }
        let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();

        for set in InstructionSet::available() {
            let pointwise = |case: &Case, weights: &[f32], bias: &[f32]| Pointwise {
                weights: PackedMatrix::new(set, weights, bias, case.channels),
                act: case.act,
            };
            let block = FusedInvertedResidual {
                expand: parts.expands.then(|| pointwise(&expand.0, &expand.1, &expand.2)),
                depthwise: Depthwise::new(set, &filters, &filter_bias, geometry.kernel),
                act: Activation::Relu6,
                project: parts.projects.then(|| pointwise(&project, &weights, &bias)),
            };
            let mut found = vec![f32::NAN; expected.len()];
            let mut scratch = vec![f32::NAN; block.scratch_len(&geometry) * threads.count()];
            let residual = parts.projects.then_some(&residual[..]);
            let workspace = Workspace { threads, scratch: &mut scratch };
            block.run(&input, &geometry, residual, &mut found, workspace);
            assert_close(&found, &expected)?;
        }
    }
}
