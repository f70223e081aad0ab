//! The forward and backward passes of training, of all sizes, against plain f64 loops and finite
//! differences.

use kernels::training::*;
use kernels::{Activation, Geometry};
use proptest::prelude::*;

/// Values in -1..1 that look random.
fn pseudo_random(count: usize, salt: usize) -> Vec<f32> {
    let mix = |i: usize| (i + salt * 7_919).wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

/// Errors are relative to the largest expected value, since sums of many terms cancel.
fn check(what: &str, found: &[f32], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-3_f64, |largest, x| largest.max(x.abs()));
    for (at, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs() / largest;
        prop_assert!(error < 1e-3, "{what} {at}: {found} for {expected}");
    }
    Ok(())
}

/// The output, the gradient of the input and the gradient of the weights of a convolution.
fn plain(shape: &ConvShape, x: &[f32], w: &[f32], dy: &[f32]) -> [Vec<f64>; 3] {
    let ConvShape { geometry, in_channels, out_channels, groups } = *shape;
    let Geometry { height, width, kernel, stride } = geometry;
    let (each_in, each_out, pad) = (in_channels / groups, out_channels / groups, kernel / 2);
    let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    for at in 0..dy.len() {
        let (out, pixel) = (at % out_channels, at / out_channels);
        let (image, pixel) = (pixel / geometry.out_pixels(), pixel % geometry.out_pixels());
        let (oy, ox) = (pixel / geometry.out_width(), pixel % geometry.out_width());
        for tap in 0..kernel * kernel {
            let (row, column) = (oy * stride + tap / kernel, ox * stride + tap % kernel);
            if !(pad..height + pad).contains(&row) || !(pad..width + pad).contains(&column) {
                continue;
            }
            let pixel = (image * height + row - pad) * width + column - pad;
            for i in 0..each_in {
                let from = pixel * in_channels + out / each_out * each_in + i;
                let weight = (out * each_in + i) * kernel * kernel + tap;
                y[at] += f64::from(x[from]) * f64::from(w[weight]);
                dx[from] += f64::from(dy[at]) * f64::from(w[weight]);
                dw[weight] += f64::from(dy[at]) * f64::from(x[from]);
            }
        }
    }
    [y, dx, dw]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let kernel = prop_oneof![Just(1_usize), Just(3), Just(5), Just(7)];
    (1..10_usize, 1..10_usize, kernel, 1..3_usize)
        .prop_map(|(height, width, kernel, stride)| Geometry { height, width, kernel, stride })
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn convolutions(
        geometry in geometry(), images in 1..3_usize, each_in in 1..20_usize,
        each_out in 1..40_usize, groups in 1..4_usize,
    ) {
        let (in_channels, out_channels) = (each_in * groups, each_out * groups);
        let shape = ConvShape { geometry, in_channels, out_channels, groups };
        let x = pseudo_random(images * geometry.in_pixels() * in_channels, 1);
        let w = pseudo_random(out_channels * each_in * geometry.kernel * geometry.kernel, 2);
        let dy = pseudo_random(images * geometry.out_pixels() * out_channels, 3);
        let expected = plain(&shape, &x, &w, &dy);
        let (mut y, mut dx) = (Vec::new(), Vec::new());
        let mut dw = vec![0.0; w.len()];
        let mut seen = 0;
        conv_forward(&shape, &x, Filters { weights: &w, bias: None }, &mut y, &mut |so_far| {
            assert!(so_far.len() > seen && so_far.iter().all(|y| y.is_finite()));
            seen = so_far.len();
        });
        prop_assert_eq!(seen, dy.len());
        let to = ConvGradients { input: Some(&mut dx), weights: &mut dw };
        conv_backward(&shape, &x, &w, &OutGradient::Plain(&dy), to);
        check("output", &y, &expected[0])?;
        check("input gradient", &dx, &expected[1])?;
        check("weight gradient", &dw, &expected[2])?;
    }

    #[test]
    fn depthwise(geometry in geometry(), images in 1..3_usize, channels in 1..50_usize) {
        let shape =
            ConvShape { geometry, in_channels: channels, out_channels: channels, groups: channels };
        let x = pseudo_random(images * geometry.in_pixels() * channels, 1);
        let w = pseudo_random(channels * geometry.kernel * geometry.kernel, 2);
        let dy = pseudo_random(images * geometry.out_pixels() * channels, 3);
        let expected = plain(&shape, &x, &w, &dy);
        let (mut y, mut dx) = (Vec::new(), Vec::new());
        let mut dw = vec![0.0; w.len()];
        depthwise_forward(&geometry, channels, &x, &w, &mut y, &mut |_| {});
        let to = ConvGradients { input: Some(&mut dx), weights: &mut dw };
        depthwise_backward(&geometry, channels, &x, &w, &OutGradient::Plain(&dy), to);
        check("output", &y, &expected[0])?;
        check("input gradient", &dx, &expected[1])?;
        check("weight gradient", &dw, &expected[2])?;
    }

    #[test]
    fn activations_have_their_slopes(x in -8.0_f32..8.0, act in activation()) {
        // Away from the kinks, where a difference would straddle two slopes.
        prop_assume!([-3.0, 0.0, 3.0, 6.0].iter().all(|kink: &f32| (x - kink).abs() > 0.02));
        let mut gradient = [1.0];
        activation_backward(act, &[x], &mut gradient);
        let slope = (act.of(x + 0.01) - act.of(x - 0.01)) / 0.02;
        prop_assert!((gradient[0] - slope).abs() < 2e-3, "{act:?} at {x}: {gradient:?}, {slope}");
    }

    #[test]
    fn norms(pixels in 2..600_usize, channels in 1..40_usize) {
        let x: Vec<f32> = pseudo_random(pixels * channels, 1).iter().map(|x| x * 2.0 + 5.0).collect();
        let (gamma, beta) = (pseudo_random(channels, 2), pseudo_random(channels, 3));
        let dy = pseudo_random(x.len(), 4);
        let mut statistics = NormStatistics::new(channels);
        for known in [pixels / 3, pixels / 2, pixels] {
            statistics.advance(&x[..known * channels]);
        }
        let (mean, var) = statistics.finish(&x);
        let (act, eps) = (Activation::Swish, 1e-2);
        let norm =
            NormAct { mean: &mean, var: &var, eps, gamma: &gamma, beta: &beta, act };
        let mut y = Vec::new();
        norm.forward(&x, &mut y);
        let backward = norm.backward(&x, &dy);
        let (dgamma, dbeta) = (&backward.gamma, &backward.beta);
        let mut dx = vec![f32::NAN; x.len()];
        let (first, rest) = dx.split_at_mut(pixels / 3 * channels);
        backward.input_gradient(0, first);
        backward.input_gradient(first.len(), rest);

        let column = |values: &[f32], c: usize| -> Vec<f64> {
            values.iter().skip(c).step_by(channels).map(|&x| f64::from(x)).collect()
        };
        let loss = |c: usize, x: &[f64], gamma: f64, beta: f64| -> f64 {
            let mean = x.iter().sum::<f64>() / pixels as f64;
            let var = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / pixels as f64;
            x.iter().zip(column(&dy, c)).map(|(x, dy)| {
                let t = (x - mean) / (var + f64::from(eps)).sqrt() * gamma + beta;
                dy * t / (1.0 + (-t).exp())
            }).sum()
        };
        let difference = |f: &dyn Fn(f64) -> f64| (f(1e-5) - f(-1e-5)) / 2e-5;
        for c in [0, channels / 2, channels - 1] {
            let (values, g, b) = (column(&x, c), f64::from(gamma[c]), f64::from(beta[c]));
            let exact_mean = values.iter().sum::<f64>() / pixels as f64;
            prop_assert!((f64::from(mean[c]) - exact_mean).abs() < 1e-4);
            check("gamma", &dgamma[c..=c], &[difference(&|h| loss(c, &values, g + h, b))])?;
            check("beta", &dbeta[c..=c], &[difference(&|h| loss(c, &values, g, b + h))])?;
            let of_input = |pixel: usize| difference(&|h| {
                let mut moved = values.clone();
                moved[pixel] += h;
                loss(c, &moved, g, b)
            });
            let some = [0, pixels / 2, pixels - 1];
            let found = some.map(|pixel| dx[pixel * channels + c]);
            check("input", &found, &some.map(of_input))?;
            let forward: f64 = column(&y, c).iter().zip(column(&dy, c)).map(|(y, dy)| y * dy).sum();
            prop_assert!((forward - loss(c, &values, g, b)).abs() < 1e-3 * pixels as f64);
        }
    }

    /// The backward pass of a linear map is its transpose: dy . f(x) = backward(dy) . x.
    #[test]
    fn linear_maps_are_transposed(geometry in geometry(), each in 1..9_usize, groups in 1..5_usize) {
        let channels = each * groups;
        let x = pseudo_random(geometry.in_pixels() * channels, 1);
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        let agree = |y: &[f32], back: &dyn Fn(&[f32], &mut [f32])| {
            let dy = pseudo_random(y.len(), 3);
            let mut dx = vec![0.0; x.len()];
            back(&dy, &mut dx);
            (dot(&dy, y) - dot(&dx, &x)).abs() < 1e-3 * (1.0 + dot(&dx, &x).abs())
        };
        let mut y = vec![0.0; geometry.out_pixels() * channels];
        kernels::avg_pool(&x, &geometry, channels, &mut y);
        prop_assert!(agree(&y, &|dy, dx| avg_pool_backward(&geometry, channels, dy, dx)));
        // Piecewise linear: its slope at x is the linear map itself.
        kernels::max_pool(&x, &geometry, channels, &mut y);
        prop_assert!(agree(&y, &|dy, dx| max_pool_backward(&geometry, channels, &x, dy, dx)));
        let mut y = vec![0.0; channels];
        kernels::global_avg_pool(&x, channels, &mut y);
        prop_assert!(agree(&y, &|dy, dx| global_avg_pool_backward(dy, dx)));
        let mut y = vec![0.0; x.len()];
        kernels::channel_shuffle(&x, channels, groups, &mut y);
        let other = channels / groups;
        prop_assert!(agree(&y, &|dy, dx| kernels::channel_shuffle(dy, channels, other, dx)));
    }

    #[test]
    fn loss(images in 1..5_usize, classes in 2..12_usize, smoothing in 0.0_f32..0.3) {
        let logits = pseudo_random(images * classes, 1);
        let labels: Vec<usize> = (0..images).map(|image| image * 5 % classes).collect();
        let targets = smoothed_targets(&labels, classes, smoothing);
        let mut gradient = vec![0.0; logits.len()];
        let found = cross_entropy(&logits, &targets, classes, 1.0, &mut gradient);
        let plain = |logits: &[f64]| -> f64 {
            (0..images).map(|row| {
                let x = &logits[row * classes..][..classes];
                let sum = x.iter().map(|x| x.exp()).sum::<f64>();
                let each = f64::from(smoothing) / classes as f64;
                x.iter().enumerate().map(|(c, x)| {
                    let label = if c == labels[row] { 1.0 - f64::from(smoothing) } else { 0.0 };
                    -(label + each) * (x - sum.ln())
                }).sum::<f64>()
            }).sum()
        };
        let exact: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
        prop_assert!((found - plain(&exact)).abs() < 1e-4 * found.abs().max(1.0));
        let slope = |at: usize| {
            let moved = |h: f64| {
                let mut x = exact.clone();
                x[at] += h;
                plain(&x)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        };
        check("logits", &gradient, &(0..logits.len()).map(slope).collect::<Vec<_>>())?;
    }
}

/// The backward pass of a pointwise convolution gives the same from the gradient of its batch norm,
/// which is computed block by block, as from the whole gradient.
#[test]
fn blocks_of_a_norms_gradient_are_the_whole() {
    let geometry = Geometry { height: 60, width: 50, kernel: 1, stride: 1 };
    let shape = ConvShape { geometry, in_channels: 24, out_channels: 36, groups: 1 };
    let (images, channels) = (2, shape.out_channels);
    let x = pseudo_random(images * geometry.in_pixels() * shape.in_channels, 1);
    let w = pseudo_random(channels * shape.in_channels, 2);
    let mut z = Vec::new();
    let mut statistics = NormStatistics::new(channels);
    conv_forward(&shape, &x, Filters { weights: &w, bias: None }, &mut z, &mut |z| {
        statistics.advance(z);
    });
    let (mean, var) = statistics.finish(&z);
    assert_eq!((mean.clone(), var.clone()), NormStatistics::new(channels).finish(&z));
    let (gamma, beta, dy) =
        (pseudo_random(channels, 3), pseudo_random(channels, 4), pseudo_random(z.len(), 5));
    let (act, eps) = (Activation::Relu6, 1e-5);
    let norm = NormAct { mean: &mean, var: &var, eps, gamma: &gamma, beta: &beta, act };
    let mut dz = vec![0.0; z.len()];
    norm.backward(&z, &dy).input_gradient(0, &mut dz);
    let gradients = |of_out: &OutGradient<'_>| {
        let (mut dx, mut dw) = (Vec::new(), vec![0.0; w.len()]);
        let to = ConvGradients { input: Some(&mut dx), weights: &mut dw };
        conv_backward(&shape, &x, &w, of_out, to);
        (dx, dw)
    };
    let whole = gradients(&OutGradient::Plain(&dz));
    let blocks = gradients(&OutGradient::OfNorm(norm.backward(&z, &dy)));
    assert!(whole == blocks);
    let expected = plain(&shape, &x, &w, &dz);
    check("output", &z, &expected[0]).unwrap();
    check("input gradient", &blocks.0, &expected[1]).unwrap();
    check("weight gradient", &blocks.1, &expected[2]).unwrap();
}
